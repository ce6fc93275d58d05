"""A device's advertising id, of Apple (IDFA, in capitals) or Google (GAID, in lower case).

Devices whose owner allows no tracking all give the id of zeros, which is nobody:
https://developer.apple.com/documentation/adsupport/asidentifiermanager/advertisingidentifier.
"""

from dataclasses import replace

from remote_segments.identifiers.uuid import UUID

ADVERTISING_ID = replace(UUID, name="advertising_id")
