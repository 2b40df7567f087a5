import Foundation
import Testing

extension EndToEnd.Machines {
    /// Machines that get their addresses from dnsmasq, and their boot files from Roost (ProxyDHCP).
    @Suite struct ProxyDHCPTests {
        let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private func scratch(_ name: String) -> String { "\(BootLab.directory)/\(name)" }

        /// A host with dnsmasq, which gives 10.77.0.50 to 60 as long as `body` runs, in a network that says so.
        ///
        /// - Parameter nextServer: the one that its answers name; nil: itself.
        private func besideOther(nextServer: String? = nil, _ body: (Neighbour) throws -> Void) throws {
            let other = try Neighbour("other", mac: "52:54:00:00:0c:02", address: "10.77.0.2")
            let pidFile = scratch("dnsmasq.pid")
            // It goes on behind its starter, and closes what it has inherited.
            try other.run(
                [
                    "dnsmasq", "--conf-file=/dev/null", "--port=0", "--user=root", "--interface=eth0",
                    "--bind-interfaces", "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,10m", "--no-ping",
                    "--dhcp-option=3,10.77.0.1", "--pid-file=\(pidFile)", "--log-dhcp",
                    "--log-facility=\(scratch("dnsmasq.log"))",
                    "--dhcp-leasefile=\(scratch("dnsmasq.leases"))",
                ] + (nextServer.map { ["--dhcp-boot=,,\($0)"] } ?? []))
            defer { _ = try? BootLab.run("sh", ["-c", "kill $(cat \(pidFile))"]) }
            try lab.roost("network", "add", "beside", "--interface", "br0", "--proxy")
            defer { _ = try? lab.roost("network", "rm", "beside") }
            try body(other)
        }

        /// A machine that boots there.
        struct Machine: CustomTestStringConvertible {
            var testDescription: String
            var mac: String
            var options: [String] = []
            /// What its console shows.
            var marks = [BootLab.handover]
            /// GRUB asks only the server that the other one names.
            var loader: String?

            static let bios = Self(testDescription: "BIOS, iPXE", mac: "52:54:00:00:0c:11")
            static let uefi = Self(
                testDescription: "UEFI, iPXE", mac: "52:54:00:00:0c:12",
                options: ["--firmware", "uefi", "--rom", "none"])
            static let grub = Self(
                testDescription: "UEFI, GRUB", mac: "52:54:00:00:0c:13", options: uefi.options,
                marks: ["Welcome to GRUB", "Run /init as init process"], loader: "grub")
        }

        @Test(arguments: [Machine.bios, .uefi] + (Extent.isSample ? [] : [.grub]))
        func `a machine boots with the address of another server and the loader of this one`(
            machine: Machine
        ) throws {
            try besideOther(nextServer: machine.loader == nil ? nil : BootLab.address) { _ in
                try lab.roost("node", "add", "beside", "--mac", machine.mac)
                defer { _ = try? lab.roost("node", "rm", "beside") }
                if let loader = machine.loader {
                    try lab.roost("set", "--node", "beside", "loader=\(loader)")
                }
                try lab.boot("beside", mac: machine.mac, machine.options, expecting: machine.marks)
                defer { _ = try? lab.powerOff("beside") }
                let leases = try lab.roost("lease", "list")
                #expect(!leases.contains(machine.mac), "\(leases)")
                let given = try String(contentsOfFile: scratch("dnsmasq.leases"), encoding: .utf8)
                #expect(given.contains(machine.mac))
            }
        }

        @Test func `a ROM gets an offer without an address on port 67, and its file again on port 4011`()
            throws
        {
            try besideOther { host in
                try Data(Self.rom.utf8).write(to: URL(fileURLWithPath: scratch("rom.py")))
                let lines = try host.run(["python3", scratch("rom.py")]).split(separator: "\n")
                #expect(
                    lines == [
                        "offer 67 0.0.0.0 10.77.0.1 undionly.kpxe PXEClient 060108ff",
                        "ack 4011 0.0.0.0 10.77.0.1 undionly.kpxe PXEClient 060108ff",
                        "ack 67 0.0.0.0 10.77.0.1 undionly.kpxe PXEClient 470400000000ff", "system: silence",
                        "release: silence",
                    ])
            }
        }

        /// Speaks as the PXE ROM of a BIOS: what it hears from 10.77.0.1.
        private static let rom = """
            import socket, struct
            MAC = bytes.fromhex('525400000c21')
            PXE = b'\\x3c\\x20PXEClient:Arch:00000:UNDI:002001' + b'\\x5d\\x02\\0\\0' + b'\\x5e\\x03\\1\\2\\1' \\
                + b'\\x61\\x11\\0' + bytes(range(16))
            box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            box.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            box.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            box.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0\\0')
            box.bind(('', 68))
            number = 0
            def ask(kind, to, options=PXE, own=None):
                global number
                number += 1
                head = struct.pack('!BBBBIHH', 1, 1, 6, 0, number, 0, 0x8000)
                head += socket.inet_aton(own or '0.0.0.0') + bytes(12) + MAC.ljust(16, b'\\0') + bytes(192)
                box.sendto(head + b'\\x63\\x82\\x53\\x63\\x35\\x01' + bytes([kind]) + options + b'\\xff', to)
            def hear(name, seconds):
                box.settimeout(seconds)
                while True:
                    try: data, (host, port) = box.recvfrom(2048)
                    except OSError: return print(name + ': silence')
                    if host != '10.77.0.1' or data[4:8] != struct.pack('!I', number): continue
                    options, rest = {}, data[240:]
                    while rest and rest[0] != 255:
                        if rest[0] == 0: rest = rest[1:]; continue
                        options[rest[0]] = rest[2:2 + rest[1]]; rest = rest[2 + rest[1]:]
                    kind = {2: 'offer', 5: 'ack', 6: 'nak'}[options[53][0]]
                    file = data[108:236].split(b'\\0')[0].decode()
                    return print(kind, port, socket.inet_ntoa(data[16:20]), socket.inet_ntoa(data[20:24]), file,
                        options.get(60, b'-').decode(), options.get(43, b'').hex())
            everyone = ('255.255.255.255', 67)
            ask(1, everyone); hear('discover', 5)
            ask(3, ('10.77.0.1', 4011), own='10.77.0.2'); hear('boot server', 5)
            ask(3, everyone, PXE + b'\\x2b\\x07\\x47\\x04\\0\\0\\0\\0\\xff', own='10.77.0.2'); hear('search', 5)
            ask(1, everyone, b''); hear('system', 1)
            ask(7, everyone, own='10.77.0.2'); hear('release', 1)
            """
    }
}
