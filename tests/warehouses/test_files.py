import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest


def test_a_csv_file_keeps_identifiers_as_they_are_written(warehouse, tmp_path):
    """Leading zeros and plus signs are characters of an identifier; true numbers stay numbers."""
    path = tmp_path / "contacts.csv"
    path.write_text("zeros,plus,negative,float,number\n007,+33612345678,-5,0.5,0\n10,33,-50,10.25,12\n")
    with warehouse.read() as session:
        relation = session.expose(path=path)
        found = session.rows(f'SELECT * FROM "{relation.name}" ORDER BY number')
    assert found == [("007", "+33612345678", -5, 0.5, 0), ("10", "33", -50, 10.25, 12)]


def test_an_empty_file_of_a_header_is_an_empty_model(warehouse, tmp_path):
    """No rows is for the mapping to judge, not for the reading."""
    path = tmp_path / "contacts.csv"
    path.write_text("id,email\n")
    with warehouse.read() as session:
        relation = session.expose(path=path)
        assert list(relation.columns) == ["id", "email"]
        assert session.rows(f'SELECT * FROM "{relation.name}"') == []


@pytest.mark.parametrize("ending", ["csv.gz", "tsv"])
def test_other_endings_are_read_too(warehouse, tmp_path, ending):
    """Compressed and tab-separated files are models as well."""
    path = tmp_path / f"contacts.{ending}"
    separator = "\t" if ending == "tsv" else ","
    with pa.output_stream(path) as stream:  # compresses by the ending
        stream.write(f"id{separator}name\n1{separator}a\n".encode())
    with warehouse.read() as session:
        relation = session.expose(path=path)
        assert session.rows(f'SELECT * FROM "{relation.name}"') == [(1, "a")]


def test_parquet_types_arrive_in_every_engine(warehouse, tmp_path):
    """Nested columns arrive at least as text; odd names stay odd names."""
    table = pa.table(
        {
            "big": pa.array([2**63, None], pa.uint64()),
            "price": pa.array(["1.25", None]).cast(pa.decimal128(10, 2)),
            "day": pa.array([20_000, None], pa.date32()),
            "seen at": pa.array([1, None], pa.timestamp("us", tz="Asia/Tokyo")),
            'od"d': pa.array(["", None]),
            "kind": pa.array(["a", None]).dictionary_encode(),
            "tags": pa.array([["a", "b"], None]),
            "flag": pa.array([True, None]),
        }
    )
    path = tmp_path / "contacts.parquet"
    pyarrow.parquet.write_table(table, path)
    with warehouse.read() as session:
        relation = session.expose(path=path)
        assert list(relation.columns) == table.column_names
        found = session.rows(f'SELECT big, "od""d", kind, flag, CAST(tags AS VARCHAR) FROM "{relation.name}"')
    assert found == [(2**63, "", "a", True, "[a, b]"), (None,) * 5]
