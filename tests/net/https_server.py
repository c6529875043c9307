"""
A git server over https on a loopback port: git http-backend behind Python's http.server.
Called by tests/net/pull.sh: https_server.py CERT KEY PROJECT_ROOT PORT_FILE
/moved/… redirects to /…, /plain/… to http://, /local/… to file://, /private/… wants a login.
"""
import http.server
import os
import socketserver
import ssl
import subprocess
import sys

CERT, KEY, ROOT, PORT_FILE = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        print(self.requestline, flush=True)

    def plain(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def special(self):
        port = self.server.server_address[1]
        first, _, rest = self.path[1:].partition("/")
        if first == "moved":
            self.plain(302, {"Location": f"https://localhost:{port}/{rest}"})
        elif first == "plain":
            self.plain(302, {"Location": f"http://localhost:{port}/{rest}"})
        elif first == "local":
            self.plain(302, {"Location": f"file://{ROOT}/{rest}"})
        elif first == "private":
            self.plain(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            return False
        return True

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.special():
            return
        path, _, query = self.path.partition("?")
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": ROOT, "GIT_HTTP_EXPORT_ALL": "1",
               "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
               "GIT_CONFIG_VALUE_0": "*", "PATH_INFO": path, "QUERY_STRING": query,
               "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
               "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "CONTENT_LENGTH": str(len(body))}
        out = subprocess.run(["git", "http-backend"], input=body, env=env,
                             stdout=subprocess.PIPE, check=False).stdout
        head, _, content = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if line)
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = serve


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERT, KEY)
server = Server(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(PORT_FILE + ".new", "w", encoding="ascii") as f:
    f.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
