"""Starts Apache with mod_wsgi: writes its configuration, keeps its files, and ends when it ends.

Arguments: module:attribute of the application, host, port, then options: --mount=/PREFIX, --certfile=PATH,
--keyfile=PATH, --processes=N, --threads=N (a daemon process group instead of embedded mode), --express=BIN (the
mod_wsgi-express in that folder). Where we are root, Apache serves as www-data, which must be able to read what it
serves: the application's folder is copied to a place of its own.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile

MODULES = "/usr/lib/apache2/modules"
USER = "www-data"
CONFIG = """\
ServerRoot {root}
ServerName localhost:{port}
Listen {host}:{port}
PidFile {root}/pid
ErrorLog /dev/stderr
LogLevel warn
Mutex file:{root}
WSGISocketPrefix {root}/wsgi
WSGIRestrictStdout Off
HttpProtocolOptions Strict
AllowEncodedSlashes NoDecode
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
ServerLimit 1
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 25
{more}
WSGIPythonPath {root}
WSGIScriptAlias {mount} {root}/gateproof.wsgi
<Directory {root}>
Require all granted
</Directory>
"""


def options(words):
    """Return {name: text} of the words after the fixed ones."""
    return {word.partition("=")[0].lstrip("-"): word.partition("=")[2] for word in words}


def place(name):
    """Return a folder that Apache can read, with what lies beside the application and a script that names it."""
    root = tempfile.mkdtemp(prefix="gateproof-apache-", dir="/tmp")
    for entry in os.listdir(os.getcwd()):
        if os.path.isfile(entry):
            shutil.copy(entry, root)
    module, _, attribute = name.partition(":")
    with open(os.path.join(root, "gateproof.wsgi"), "w") as script:
        script.write("from %s import %s as application\n" % (module, attribute))
    if os.getuid() == 0:
        user = pwd.getpwnam(USER)
        for entry in [root, *(os.path.join(root, entry) for entry in os.listdir(root))]:
            os.chown(entry, user.pw_uid, user.pw_gid)
    return root


def configured(root, host, port, given):
    """Write httpd.conf and return the command."""
    more = []
    if os.getuid() == 0:
        more += ["User " + USER, "Group " + USER]
    if given.get("processes"):
        about = "processes=%s threads=%s python-path=%s" % (given["processes"], given.get("threads", "5"), root)
        more += ["WSGIDaemonProcess gateproof " + about, "WSGIProcessGroup gateproof", "WSGIApplicationGroup %{GLOBAL}"]
    if given.get("certfile"):
        more += ["LoadModule ssl_module %s/mod_ssl.so" % MODULES, "SSLEngine on"]
        more += ["SSLCertificateFile " + given["certfile"], "SSLCertificateKeyFile " + given["keyfile"]]
    text = CONFIG.format(
        root=root, host=host, port=port, modules=MODULES, more="\n".join(more), mount=given.get("mount") or "/"
    )
    path = os.path.join(root, "httpd.conf")
    with open(path, "w") as file:
        file.write(text)
    return ["/usr/sbin/apache2", "-d", root, "-f", path, "-DFOREGROUND"]


def express(root, name, host, port, given):
    """Return the command of mod_wsgi-express."""
    module, _, attribute = name.partition(":")
    command = [os.path.join(given["express"], "mod_wsgi-express"), "start-server", module]
    command += ["--application-type", "module", "--callable-object", attribute, "--host", host, "--port", port]
    command += ["--server-root", os.path.join(root, "root"), "--python-path", root, "--working-directory", root]
    command += ["--log-to-terminal", "--disable-reloading", "--allow-localhost"]
    if os.getuid() == 0:
        command += ["--user", USER, "--group", USER]
    for key in ("processes", "threads"):
        command += ["--" + key, given[key]] if given.get(key) else []
    return command + (["--mount-point", given["mount"]] if given.get("mount") else [])


def main(name, host, port, *words):
    """Serve until we are told to stop, or Apache ends by itself."""
    given = options(words)
    root = place(name)
    command = express(root, name, host, port, given) if "express" in given else configured(root, host, port, given)
    try:
        server = subprocess.Popen(command)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.terminate())
        return server.wait()
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
