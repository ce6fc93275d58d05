"""Files and folders as a source of members: on this machine, on an SFTP server, in S3 or in Google Cloud Storage."""
