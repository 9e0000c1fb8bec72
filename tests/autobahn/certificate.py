"""Makes a self-signed certificate: `python certificate.py CHAIN.pem KEY.pem` (this file runs under Python 2.7).

The suite's own environment has what that takes; it does not look at whose certificate it is.
"""

import sys
import warnings

warnings.simplefilter("ignore")  # that Python 2.7 is old is known

from OpenSSL import crypto  # noqa: E402


def main():
    chain_file, key_file = sys.argv[1:]
    key = crypto.PKey()
    key.generate_key(crypto.TYPE_RSA, 2048)
    certificate = crypto.X509()
    certificate.set_version(2)
    certificate.set_serial_number(1)
    certificate.get_subject().CN = "localhost"
    certificate.set_issuer(certificate.get_subject())
    certificate.gmtime_adj_notBefore(-3600)
    certificate.gmtime_adj_notAfter(7 * 24 * 3600)
    certificate.set_pubkey(key)
    certificate.sign(key, "sha256")
    with open(chain_file, "wb") as chain:
        chain.write(crypto.dump_certificate(crypto.FILETYPE_PEM, certificate))
    with open(key_file, "wb") as output:
        output.write(crypto.dump_privatekey(crypto.FILETYPE_PEM, key))


if __name__ == "__main__":
    main()
