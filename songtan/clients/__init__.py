"""The commands for people far from the server: `songtan partner …` and `songtan ops …`.

They speak to the centre's public HTTP API and to nothing else (uploads go to the addresses that it signs; a signing
passphrase goes to the signer). `centre.py` is the connection, `session.py` where a sign-in is kept, `show.py` what
the terminal gets; `partner_cli.py` and `ops_cli.py` are the commands.
"""
