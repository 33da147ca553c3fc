"""A certificate authority of one's own, by the openssl command."""

import datetime
import ipaddress
import os
import pathlib
import subprocess
from dataclasses import dataclass

_CONFIG = """
[ca]
default_ca = main
[main]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = optional
organizationName = optional
[req]
distinguished_name = subject
[subject]
"""
_KINDS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt",
                                      "ec_paramgen_curve:P-256"]}


def openssl(*arguments, **options):
    done = subprocess.run(["openssl", *map(str, arguments)],
                          capture_output=True, text=True, check=False,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


@dataclass
class Pair:
    cert: pathlib.Path
    key: pathlib.Path

    @property
    def pin(self):
        """As agents take it: sha256/ and the hash of the public key."""
        public = subprocess.run(
            ["openssl", "x509", "-in", self.cert, "-noout", "-pubkey"],
            capture_output=True, check=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                             input=public, capture_output=True,
                             check=True).stdout
        import base64
        import hashlib
        return ("sha256/"
                + base64.b64encode(hashlib.sha256(der).digest()).decode())


def _alternative(name):
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return name if ":" in name else f"DNS:{name}"


def _time(days):
    moment = (datetime.datetime.now(datetime.timezone.utc)
              + datetime.timedelta(days=days))
    return moment.strftime("%Y%m%d%H%M%SZ")


class Authority:
    """A root in `folder`, or (with `issuer`) an authority below another one,
    whose certificate goes behind those that it issues."""

    def __init__(self, folder, issuer=None, name="ca", subject=None,
                 days=(-1, 90)):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.config = self.folder / f"{name}.cnf"
        self.chain = []
        database = self.folder / f"{name}.db"
        database.mkdir(exist_ok=True)
        (database / "index.txt").touch()
        self.config.write_text(_CONFIG.format(folder=database))
        subject = subject or f"/CN=APS test {name}"
        if issuer:
            made = issuer.issue(name, subject=subject, ca=True, days=days)
            self.cert, self.key = made
            self.chain = [self.cert]
            return
        self.cert = self.folder / f"{name}.pem"
        self.key = self.folder / f"{name}.key"
        if not self.cert.exists():
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                    3650, "-subj", subject, "-keyout", self.key, "-out",
                    self.cert, "-config", self.config, "-addext",
                    "basicConstraints=critical,CA:TRUE", "-addext",
                    "keyUsage=critical,keyCertSign,cRLSign")
            os.chmod(self.key, 0o600)

    def respond(self, pair, file, days=7, revoke=False):
        """What this authority says of a certificate (OCSP), DER; it is over
        after so many days, or minutes if they are less than one."""
        if revoke:
            openssl("ca", "-config", self.config, "-cert", self.cert,
                    "-keyfile", self.key, "-revoke", pair.cert)
        time = (["-ndays", days] if days >= 1
                else ["-nmin", max(1, round(days * 1440))])
        openssl("ocsp", "-index", self.folder / f"{self.name}.db/index.txt",
                "-CA", self.cert, "-rsigner", self.cert, "-rkey", self.key,
                "-issuer", self.cert, "-cert", pair.cert, "-respout", file,
                "-noverify", *time)
        return file

    def issue(self, name, names=(), subject=None, days=(-1, 90), kind="ec",
              client=False, ca=False, aia=False, chain=True):
        """NAME.pem and NAME.key. `days`: from when until when, from today."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        wish = self.folder / f"{name}.csr"
        openssl("req", "-new", "-newkey", *_KINDS[kind], "-nodes", "-keyout",
                key, "-out", wish, "-config", self.config, "-subj",
                subject or "/CN=" + (list(names) or [name])[0])
        os.chmod(key, 0o600)
        lines = ["basicConstraints=critical,CA:"
                 + ("TRUE" if ca else "FALSE"),
                 "subjectKeyIdentifier=hash",
                 "authorityKeyIdentifier=keyid",
                 "keyUsage=critical," + ("keyCertSign,cRLSign" if ca else
                                         "digitalSignature")]
        if not ca:
            lines.append("extendedKeyUsage="
                         + ("clientAuth" if client else "serverAuth"))
        if names:
            lines.append("subjectAltName="
                         + ",".join(map(_alternative, names)))
        if aia:
            lines.append("authorityInfoAccess="
                         "caIssuers;URI:http://ca.invalid/ca.cer")
        extensions = self.folder / f"{name}.ext"
        extensions.write_text("\n".join(lines) + "\n")
        openssl("ca", "-batch", "-notext", "-config", self.config, "-cert",
                self.cert, "-keyfile", self.key, "-in", wish, "-out", cert,
                "-extfile", extensions, "-startdate", _time(days[0]),
                "-enddate", _time(days[1]))
        if chain:
            with cert.open("a") as out:
                for each in self.chain:
                    out.write(each.read_text())
        for scrap in (wish, extensions):
            scrap.unlink()
        made = Pair(cert, key)
        return (cert, key) if ca else made
