import Foundation
import Testing

extension EndToEnd.Servers {
    /// Other programs' clients against our servers, without a machine.
    @Suite struct InteroperabilityTests {
        let lab: BootLab

        init() throws {
            lab = try BootLab.shared.get()
            _ = try ClientHost.made.get()
            _ = try Self.export.get()
        }

        /// An image that takes some time to read: `export`.
        private static let export = Result {
            let root = try TinyRoot("\(BootLab.directory)/export")
            defer { root.remove() }
            try root.add(mebibytes: 100, to: "srv/long")
            try BootLab.shared.get().importImage("export", root.path)
        }

        private func scratch(_ name: String) -> String { "\(BootLab.directory)/\(name)" }

        private func isSame(_ first: String, as second: String) throws -> Bool {
            try BootLab.run("sh", ["-c", "cmp -s \"$1\" \"$2\" && echo same || true", "sh", first, second])
                == "same\n"
        }

        private func exportedRoot() throws -> String {
            let version = try lab.json("image", "show", "export") as? [String: Any]
            let digest = try #require(version?["digest"] as? String)
            return "\(BootLab.stateDirectory)/images/export/\(digest)/root.squashfs"
        }

        // MARK: TFTP

        @Test(arguments: [
            "curl -sS --tftp-blksize 1468 -o OUT tftp://10.77.0.1/ipxe.efi",
            "curl -sS --tftp-no-options -o OUT tftp://10.77.0.1//ipxe.efi",
            "atftp --get --option 'blksize 1024' --option 'windowsize 16' --remote-file ipxe.efi --local-file OUT 10.77.0.1",
            "tftp -m binary 10.77.0.1 -c get IPXE.EFI OUT",
            "busybox tftp -g -r ipxe.efi -l OUT -b 1468 10.77.0.1",
        ])
        func `a TFTP client gets the whole file`(command: String) throws {
            let out = scratch("tftp.out")
            try ClientHost.run("sh", "-c", command.replacingOccurrences(of: "OUT", with: out))
            #expect(try isSame(out, as: "/usr/lib/ipxe/ipxe.efi"))
        }

        @Test(arguments: ["nothing", "../../etc/passwd", "i/abc/kernel"])
        func `a missing file is refused at once`(path: String) throws {
            let answer = try ClientHost.run(
                "sh", "-c",
                "timeout 5 curl -sS --path-as-is -o /dev/null tftp://10.77.0.1/\(path) 2>&1; echo status $?")
            #expect(!answer.contains("status 0") && !answer.contains("status 124"))
        }

        @Test func `a TFTP write request is refused at once`() throws {
            let answer = try ClientHost.run(
                "sh", "-c", "timeout 5 curl -sS -T /etc/hostname tftp://10.77.0.1/x 2>&1; echo status $?")
            #expect(!answer.contains("status 0") && !answer.contains("status 124"))
        }

        // MARK: NBD

        @Test func `unknown options are refused, and the export is given all the same`() throws {
            let script = """
                import socket, struct
                s = socket.create_connection(('10.77.0.1', 10809), 10); s.recv(18); s.sendall(struct.pack('>I', 3))
                def option(number, data):
                    s.sendall(struct.pack('>QII', 0x49484156454F5054, number, len(data)) + data)
                    head = b''
                    while len(head) < 20: head += s.recv(20 - len(head))
                    magic, asked, kind, length = struct.unpack('>QIII', head)
                    while length: length -= len(s.recv(length))
                    return hex(kind)
                name = struct.pack('>I', 6) + b'export'
                context = struct.pack('>I', 1) + struct.pack('>I', 15) + b'base:allocation'
                print(option(5, b''), option(10, name + context), option(77, b'?'), option(7, name + struct.pack('>H', 0)))
                """
            // STARTTLS, SET_META_CONTEXT and nonsense: unsupported (or by policy). GO: information.
            let answers = try ClientHost.run("python3", "-c", script).split(whereSeparator: \.isWhitespace)
            #expect(answers.dropLast().allSatisfy { $0 == "0x80000001" || $0 == "0x80000002" })
            #expect(answers.last == "0x3")
        }

        @Test func `nbdinfo, nbdcopy and qemu-img read the image`() throws {
            let root = try exportedRoot()
            #expect(try ClientHost.run("nbdinfo", "--list", "nbd://10.77.0.1").contains("export@stable"))
            #expect(try ClientHost.run("nbdinfo", "--can", "multi-conn", "nbd://10.77.0.1/export") == "")
            #expect(try ClientHost.run("nbdinfo", "--is", "read-only", "nbd://10.77.0.1/export") == "")
            // From the disk, not from memory: the server must not stop for it, and must send the same bytes.
            try BootLab.run("sh", ["-c", "sync; echo 1 >/proc/sys/vm/drop_caches"])
            try ClientHost.run("nbdcopy", "--connections=4", "nbd://10.77.0.1/export@1", scratch("nbd.out"))
            #expect(try isSame(scratch("nbd.out"), as: root))
            // Small requests take another path than large ones.
            for size in Extent.isSample ? ["4096"] : ["4096", "8192", "32768"] {
                try ClientHost.run(
                    "nbdcopy", "--request-size=\(size)", "nbd://10.77.0.1/export@1", scratch("nbd.out"))
                #expect(try isSame(scratch("nbd.out"), as: root), "requests of \(size) bytes")
            }
            try ClientHost.run(
                "qemu-img", "compare", "-f", "raw", "-F", "raw", "nbd://10.77.0.1/export", root)
            #expect(throws: CommandFailed.self) { try ClientHost.run("nbdinfo", "nbd://10.77.0.1/nothing") }
        }

        @Test func `nbd-client, nbdsh and nbdkit find and read the image`() throws {
            let (programs, url) = (ClientHost.programs, "nbd://10.77.0.1/export@1")
            let list = try ClientHost.run(
                "env", "LD_LIBRARY_PATH=\(programs)/lib/x86_64-linux-gnu", "\(programs)/sbin/nbd-client",
                "-l", "10.77.0.1")
            #expect(list.contains("export@stable"))
            let known = try ClientHost.run(
                "env", "PYTHONPATH=\(programs)/usr/lib/python3/dist-packages", "/usr/bin/python3", "-m",
                "nbd",
                "-u", url, "-c", "print(h.get_size(), h.is_read_only())")
            let size = try ClientHost.run("nbdinfo", "--size", url).filter { !$0.isNewline }
            #expect(known == "\(size) True\n")
            try ClientHost.run(
                "nbdkit", "-U", "-", "nbd", "uri=\(url)", "--run", "nbdcopy \"$uri\" \(scratch("nbdkit.out"))"
            )
            #expect(try isSame(scratch("nbdkit.out"), as: exportedRoot()))
        }

        @Test func `fio reads at random with many requests in flight and finds no error`() throws {
            let report = try ClientHost.run(
                "fio", "--name=read", "--ioengine=nbd", "--uri=nbd://10.77.0.1/export", "--rw=randread",
                "--bs=4k",
                "--iodepth=32", "--io_size=64m", "--size=64m")
            #expect(report.contains("err= 0"))
        }

        /// A file from before networks were records, a mistake in it, a change of it, and a change of the record.
        @Test
        func
            `networks of a file are imported once, SIGHUP says what it takes over, and a changed network holds at once`()
            throws
        {
            let (file, socket) = (scratch("reload.yaml"), scratch("reload.sock"))
            func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: file)) }
            let network = "dhcp:\n  networks:\n    - interface: br0\n      pools: [10.77.0.70-10.77.0.80]\n"
            try write(network)
            try lab.killServer()
            defer { try? lab.startServer() }
            try BootLab.lab(
                "serve", "reloaded", BootLab.roost, "serve", "--configuration", file, "--state-directory",
                scratch("reload-state"), "--socket", socket, "--node-program", BootLab.nodeProgram,
                "--user", "root")
            defer { _ = try? BootLab.lab("stop", "reloaded") }
            func wait(for text: String) throws {
                try lab.waitUntil("the log says ‘\(text)’", seconds: 30) {
                    lab.log("reloaded").contains(text)
                }
            }
            try wait(for: " ready: ")
            #expect(lab.log("reloaded").contains("1 network imported as revision 1"))
            let pid = try String(
                contentsOfFile: "\(BootLab.directory)/run/\(BootLab.namespace)/reloaded.pid", encoding: .utf8)
            let hangUp = "kill -HUP \(pid.trimmingCharacters(in: .whitespacesAndNewlines))"
            try write(network + "      gateway: 10.77.0.1\n")
            try BootLab.run("sh", ["-c", hangUp])
            try wait(for: "reload.yaml:5: unknown key")
            try write(network.replacing("70-", with: "60-") + "domain: lab.example\n")
            try BootLab.run("sh", ["-c", hangUp])
            try wait(for: "reloaded: now in effect: domain")
            #expect(lab.log("reloaded").contains("differs from what was imported: network br0"))
            try BootLab.run(
                BootLab.roost,
                ["network", "set", "br0", "--pool", "10.77.0.50-10.77.0.59", "--socket", socket])
            let answer = try ClientHost.run("sh", "-c", "busybox udhcpc -i eth0 -q -n -t 5 -s /bin/true 2>&1")
            #expect(answer.contains("lease of 10.77.0.5"))
        }

        @Test func `the API answers over HTTPS only with a token`() throws {
            try lab.addAdministrator()
            let token = try lab.roost("token", "add", "test", "--owner", BootLab.administrator)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let ask = [BootLab.roost, "status", "--server", "https://10.77.0.1:8443"]
            let trusting = ask + ["--certificate", "\(BootLab.stateDirectory)/center/ca.pem"]
            let answer = try ClientHost.run(
                "sh", "-c", (trusting + ["--token", token]).joined(separator: " "))
            #expect(answer.contains("roost "))
            for wrong in [
                trusting, trusting + ["--token", "0" + token.dropFirst()], ask + ["--token", token],
            ] {
                #expect(throws: CommandFailed.self) {
                    try ClientHost.run("sh", "-c", wrong.joined(separator: " "))
                }
            }
        }

        @Test func `connections that end at any point leave the server up`() throws {
            let script = """
                import socket, struct, os
                for n in range(200):
                    s = socket.create_connection(('10.77.0.1', 10809)); s.recv(18)
                    name = b'export'
                    data = struct.pack('>I', len(name)) + name + struct.pack('>H', 0)
                    s.sendall(struct.pack('>IQII', 3, 0x49484156454F5054, 7, len(data)) + data)
                    s.recv(4096)
                    for i in range(64):
                        s.sendall(struct.pack('>IHHQQI', 0x25609513, 0, 0, i, i * 131072, 131072))
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()
                for port in (80, 10809):
                    for n in range(50):
                        s = socket.create_connection(('10.77.0.1', port)); s.sendall(os.urandom(3000)); s.close()
                u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                for port in (67, 69):
                    for n in range(500):
                        u.sendto(os.urandom(n * 3), ('10.77.0.1', port))
                """
            try ClientHost.run("python3", "-c", script)
            #expect(try lab.roost("status").contains("roost "))
            #expect(try ClientHost.run("nbdinfo", "--size", "nbd://10.77.0.1/export").hasSuffix("\n"))
        }

        @Test func `writes and trims are refused, and the connection continues`() throws {
            let script = """
                import socket, struct
                def connected():
                    s = socket.create_connection(('10.77.0.1', 10809), 10); s.recv(18)
                    data = struct.pack('>I', 6) + b'export' + struct.pack('>H', 0)
                    s.sendall(struct.pack('>IQII', 3, 0x49484156454F5054, 7, len(data)) + data)
                    s.recv(4096)
                    return s
                def ask(s, command, length, data=b''):
                    s.sendall(struct.pack('>IHHQQI', 0x25609513, 0, command, 7, 0, length) + data)
                    answer = s.recv(16)
                    return struct.unpack('>II', answer[:8])[1] if answer else 'closed'
                s = connected()
                print(ask(s, 4, 4096), ask(s, 6, 4096), ask(s, 3, 0), ask(s, 99, 0))
                print(ask(s, 1, 512, b'x' * 512), ask(s, 3, 0))
                """
            // EPERM for trim, write-zeroes and write, success for flush, EINVAL for unknown commands.
            #expect(try ClientHost.run("python3", "-c", script) == "1 1 0 22\n1 0\n")
        }

        @Test
        func `clients that are switched off, idle or in the middle of a read, are dropped after a minute`()
            throws
        {
            let gone = BootLab.namespace(of: "gone")
            try BootLab.run("ip", ["netns", "add", gone])
            defer { _ = try? BootLab.run("ip", ["netns", "del", gone]) }
            let bridge = ["-n", BootLab.namespace, "link"]
            try BootLab.run(
                "ip", bridge + ["add", "h2", "type", "veth", "peer", "name", "eth0", "netns", gone])
            try BootLab.run("ip", bridge + ["set", "h2", "master", "br0", "up"])
            try BootLab.run("ip", ["-n", gone, "addr", "add", "10.77.0.241/24", "dev", "eth0"])
            try BootLab.run("ip", ["-n", gone, "link", "set", "eth0", "up"])
            let script = """
                import socket, struct, time
                kept = []
                for isReading in (False, True):
                    s = socket.create_connection(('10.77.0.1', 10809), 20); kept.append(s); s.recv(18)
                    data = struct.pack('>I', 6) + b'export' + struct.pack('>H', 0)
                    s.sendall(struct.pack('>IQII', 3, 0x49484156454F5054, 7, len(data)) + data)
                    s.recv(4096)
                    if isReading:
                        for i in range(64):
                            s.sendall(struct.pack('>IHHQQI', 0x25609513, 0, 0, i, i * 1048576, 1048576))
                print('connected', flush=True); time.sleep(300)
                """
            let client = try Background(
                "/usr/sbin/ip", ["netns", "exec", gone, "python3", "-c", script], log: scratch("gone.log"))
            defer { client.end() }
            func connections() throws -> Int {
                try BootLab.lab("exec", "ss", "-Htn", "state", "established", "dst", "10.77.0.241")
                    .split(whereSeparator: \.isNewline).count
            }
            try lab.waitUntil("both are connected", seconds: 30) { try connections() == 2 }
            // The cable is cut: no packet says goodbye.
            try BootLab.run("ip", bridge + ["set", "h2", "down"])
            try lab.waitUntil("both are let go", seconds: 120) { try connections() == 0 }
            #expect(try ClientHost.run("nbdinfo", "--size", "nbd://10.77.0.1/export").hasSuffix("\n"))
        }

        @Test func `impossible offsets are errors of the request, and do not end the connection`() throws {
            let script = """
                import socket, struct
                link = socket.create_connection(("10.77.0.1", 10809), 20)
                def read(count):
                    data = b""
                    while len(data) < count:
                        piece = link.recv(count - len(data))
                        assert piece, "the server has gone"
                        data += piece
                    return data
                read(18)
                # No zeroes, fixed new style; then NBD_OPT_EXPORT_NAME.
                link.sendall(struct.pack(">I", 3) + b"IHAVEOPT" + struct.pack(">II", 1, 6) + b"export")
                read(10)
                # Read, trim, cache, write zeroes, block status; at the limits of offset and length.
                for command in 0, 4, 5, 6, 7:
                    for offset in 1 << 63, (1 << 64) - 1, (1 << 63) - 1:
                        for count in 1, (1 << 32) - 1:
                            link.sendall(struct.pack(">IHHQQI", 0x25609513, 0, command, 9, offset, count))
                            magic, error, cookie = struct.unpack(">IIQ", read(16))
                            assert magic == 0x67446698 and error and cookie == 9, (command, offset, count, error)
                print("refused")
                """
            #expect(try ClientHost.run("python3", "-c", script).contains("refused"))
            #expect(try lab.roost("status").contains("roost "))
        }

        // MARK: HTTP

        @Test func `curl gets ranges, heads and 304, and never a redirect`() throws {
            let digest = try #require(try exportedRoot().split(separator: "/").dropLast().last)
            let url = "http://10.77.0.1//i/\(digest)/root.squashfs"
            let head = try ClientHost.run("curl", "-sSI", url)
            #expect(head.hasPrefix("HTTP/1.1 200"))
            #expect(head.contains("immutable"))
            try BootLab.run("sh", ["-c", "sync; echo 1 >/proc/sys/vm/drop_caches"])
            try ClientHost.run("curl", "-sS", "-r", "1000000-1999999", "-o", scratch("http.out"), url)
            let piece = "tail -c +1000001 \(try exportedRoot()) | head -c 1000000 >\(scratch("piece"))"
            try BootLab.run("sh", ["-c", piece])
            #expect(try isSame(scratch("http.out"), as: scratch("piece")))
            let tag = try #require(head.split(whereSeparator: \.isNewline).first { $0.hasPrefix("ETag: ") })
                .dropFirst(6)
            let again = try ClientHost.run(
                "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "If-None-Match: \(tag)", url)
            #expect(again == "304")
            // It identifies this file, and no other file of the version.
            let other = try ClientHost.run(
                "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "If-None-Match: \(tag)",
                "http://10.77.0.1/i/\(digest)/modules.cpio")
            #expect(other == "200")
            for (path, status) in [
                ("/nothing", "404"), ("/%2e%2e/etc/passwd", "400"), ("/node/x/report", "404"),
            ] {
                let code = try ClientHost.run(
                    "curl", "-sS", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}",
                    "http://10.77.0.1\(path)")
                #expect(code == status, "\(path)")
            }
        }

        @Test func `a configuration is given only during its own boot`() throws {
            let url = "http://10.77.0.1/node/52:54:00:00:0a:0b/configuration?boot=0123456789abcdef"
            #expect(
                try ClientHost.run(
                    "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d",
                    String(repeating: "k", count: 32),
                    url) == "403")
        }

        // MARK: IPv6

        @Test func `router solicitations are answered at once, saying that there is no router`() throws {
            let script = """
                import socket, struct, time
                index = socket.if_nametoindex('eth0')
                s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6); s.settimeout(5)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
                began = time.monotonic(); s.sendto(struct.pack('>BBHI', 133, 0, 0, 0), ('ff02::2', 0, 0, index))
                answer = b''
                while answer[:1] != b'\\x86': answer = s.recv(1500)
                print(struct.unpack('>H', answer[6:8])[0], len(answer), time.monotonic() - began < 2)
                """
            // A lifetime of zero seconds, no prefix, and no wait: iPXE otherwise waits thirteen seconds.
            #expect(try ClientHost.run("python3", "-c", script) == "0 24 True\n")
        }

        // MARK: Trouble

        @Test func `a second server on the same ports ends with a clear error`() throws {
            do {
                try BootLab.lab(
                    "exec", "timeout", "20", BootLab.roost, "serve", "--interface", "br0",
                    "--state-directory",
                    scratch("second-state"), "--socket", scratch("second.sock"), "--node-program",
                    BootLab.nodeProgram)
                Issue.record("the second server started")
            } catch let failure as CommandFailed {
                #expect(failure.output.contains("Address already in use"))
            }
            #expect(try lab.roost("status").contains("roost "))
        }
    }
}
