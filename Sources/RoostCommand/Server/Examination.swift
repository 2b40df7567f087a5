import API
import Fleet
import Foundation
import Glibc
import Images
import Linux
import NetworkErrors
import Wire

/// One thing that `roost doctor` looked at.
struct Finding: Codable {
    var isGood: Bool
    var text: String
    /// What to do; nil when all is well.
    var fix: String?
}

/// Looks at a machine that serves, or is about to.
struct Examination {
    /// Free space below which images and leases are in danger.
    private static let freeByteCount = 2 << 30
    private static let offerWaitMilliseconds = 2_000

    let settings: ServerSettings
    let interfaces: [String]
    /// The ports are then rightly taken.
    let serverRuns: Bool
    /// Interfaces on which another server gives the addresses.
    let proxied: Swift.Set<String>

    func findings() -> [Finding] {
        var found: [Finding] = []
        let available = (try? NetworkInterface.all()) ?? []
        do {
            let served = try ServedInterfaces(settings.interfaceNames(interfaces), available: available)
            for interface in served.interfaces {
                found.append(
                    Finding(
                        isGood: true,
                        text: "interface \(interface.name) has address \(interface.addresses[0].address)"))
            }
            found += networks(on: served.host(settings))
            if !serverRuns { found += served.interfaces.flatMap(ports) }
            found += served.interfaces.map(company)
            found += firewall(served.interfaces)
        } catch {
            found.append(
                Finding(
                    isGood: false, text: ErrorText.of(error),
                    fix: "choose the interface that leads to the machines, and give it an IPv4 address"))
        }
        if settings.roles.contains(.nfs) { found += nfs }
        found += [clock, certificate].compactMap { $0 }
        found += [loaders, nodeProgram, confinement, diskSpace]
        return found + ReturnNotes.findings(in: settings.stateDirectory)
    }

    private func firewall(_ interfaces: [NetworkInterface]) -> [Finding] {
        let (firewall, finding) = Firewall.read()
        let findings = interfaces.compactMap(Firewall.Link.init).flatMap { link in
            let ports = settings.ports(of: link)
            return [firewall?.finding(ports, on: link), firewall?.answersFinding(ports, on: link)]
        }
        return findings.compactMap(\.self) + [finding].compactMap(\.self)
    }

    /// What a first start would serve; the networks of a fleet a running server knows, which tells its own problems.
    private func networks(on host: ServingHost) -> [Finding] {
        guard !serverRuns, !FileManager.default.fileExists(atPath: settings.databasePath) else { return [] }
        return ServedNetworks(settings.formerNetworks.records, on: host).problems.map { problem in
            Finding(
                isGood: false, text: "dhcp: \(problem)",
                fix: problem.fix?.english
                    ?? "change the interface’s address, or add a network once the server runs: roost network add"
            )
        }
    }

    private func ports(_ interface: NetworkInterface) -> [Finding] {
        let address = interface.addresses[0].address
        func check(_ role: ServerRole, _ port: UInt16, _ bind: () throws -> Void) -> Finding? {
            guard settings.roles.contains(role) else { return nil }
            do {
                try bind()
                return Finding(
                    isGood: true, text: "\(role.rawValue): port \(port) on \(interface.name) is free")
            } catch {
                let taken = (error as? SystemError)?.number == SystemError.isBusy
                return Finding(
                    isGood: false,
                    text: "\(role.rawValue): port \(port) on \(interface.name): \(ErrorText.of(error))",
                    fix: taken
                        ? "stop the program that uses it (ss -lunpt shows which), or turn the role off"
                        : "run as root")
            }
        }
        return [
            check(.dhcp, 67) { _ = try Socket.datagram(port: 67, interface: interface.name) },
            check(.tftp, settings.tftp.port) { _ = try Socket.datagram(address, port: settings.tftp.port) },
            check(.http, settings.httpPort) { _ = try Socket.listening(address, port: settings.httpPort) },
            check(.nbd, settings.nbdPort) { _ = try Socket.listening(address, port: settings.nbdPort) },
            settings.center.https == nil
                ? check(.center, UInt16(ServerSettings.Center.port)) {
                    _ = try Socket.listening(address, port: UInt16(ServerSettings.Center.port))
                } : nil,
        ].compactMap { $0 }
    }

    /// Who else is on the wire of an interface, if there can be any.
    private func company(_ interface: NetworkInterface) -> Finding {
        if let silence = InterfaceSilence(of: interface.name) {
            return Finding(isGood: false, text: silence.text, fix: silence.fix)
        }
        return otherServers(interface)
    }

    /// Sends a DISCOVER of a machine that does not exist and sees who answers.
    private func otherServers(_ interface: NetworkInterface) -> Finding {
        do {
            let offers = try DHCPProbe.offers(on: interface, waitMilliseconds: Self.offerWaitMilliseconds)
            let others = offers.filter { offer in !interface.addresses.contains { $0.address == offer } }
            if proxied.contains(interface.name) { return addresses(on: interface, from: others) }
            guard others.isEmpty else {
                return Finding(
                    isGood: false,
                    text:
                        "another DHCP server answers on \(interface.name): \(others.map(\.description).joined(separator: ", "))",
                    fix:
                        "turn it off for this network; or keep it for the addresses (roost network add NAME --interface \(interface.name) --proxy); or turn off Roost's role dhcp, and let the other server name the boot file"
                )
            }
            return Finding(isGood: true, text: "no other DHCP server answers on \(interface.name)")
        } catch {
            return Finding(
                isGood: false,
                text: "cannot look for other DHCP servers on \(interface.name): \(ErrorText.of(error))",
                fix: "run as root, and see that the interface is up")
        }
    }

    /// Of a network that leaves the addresses to another server.
    private func addresses(on interface: NetworkInterface, from others: [IPv4Address]) -> Finding {
        guard !others.isEmpty else {
            return Finding(
                isGood: false,
                text:
                    "no DHCP server gives addresses on \(interface.name), which Roost leaves to another one (proxy)",
                fix: "start the other server, or let Roost give them: roost network set … --no-proxy")
        }
        let servers = others.map(\.description).joined(separator: ", ")
        return Finding(
            isGood: true, text: "another DHCP server gives the addresses on \(interface.name): \(servers)")
    }

    private var loaders: Finding {
        let problems = Loaders.problems(own: settings.loaders)
        guard problems.isEmpty else {
            return Finding(
                isGood: false, text: problems.joined(separator: "; "),
                fix: "put the file there, or name another one in the configuration")
        }
        let missing = Loaders.missingPackages(own: settings.loaders)
        guard missing.isEmpty else {
            return Finding(
                isGood: false,
                text: "boot loaders are missing: \(missing.keys.sorted().joined(separator: ", "))",
                fix: "apt install \(Swift.Set(missing.values).sorted().joined(separator: " "))")
        }
        return Finding(isGood: true, text: "the boot loaders for BIOS and UEFI are there")
    }

    /// As this user: the server's own may be allowed less.
    private var confinement: Finding {
        do {
            try Confinement.check()
            return Finding(
                isGood: true, text: "programs that read untrusted data can be confined (bubblewrap)")
        } catch let missing as ProgramMissing {
            return Finding(
                isGood: false,
                text: "programs that read untrusted data cannot be confined, so they do not run",
                fix: "apt install \(missing.package)")
        } catch {
            return Finding(
                isGood: false, text: ErrorText.of(error),
                fix: "allow bubblewrap to create namespaces; ‘bwrap --ro-bind / / true’ shows whether it can")
        }
    }

    private var nfs: [Finding] {
        guard let server = settings.nfs.server ?? .installed else {
            return [
                Finding(
                    isGood: false, text: "nfs: there is no NFS server",
                    fix: "apt install nfs-kernel-server (or nfs-ganesha-vfs), or turn the role nfs off")
            ]
        }
        var found: [Finding] = []
        let file = settings.nfs.file ?? server.standardFile
        // If the port cannot be bound, an NFS server has it.
        let isServed = (try? Socket.listening(IPv4Address(rawValue: 0), port: 2_049)) == nil
        let program = server == .kernel ? "nfs-kernel-server" : "nfs-ganesha"
        found.append(
            isServed
                ? Finding(isGood: true, text: "nfs: a server listens on port 2049")
                : Finding(
                    isGood: false, text: "nfs: no server listens on port 2049",
                    fix: "systemctl start \(program)"))
        // Without a handshake, a sender needs no answer to write in the name of another address.
        let ports = (try? String(contentsOfFile: "/proc/fs/nfsd/portlist", encoding: .utf8)) ?? ""
        if server == .kernel, Self.listensOnUDP(ports) {
            found.append(
                Finding(
                    isGood: false,
                    text:
                        "nfs: the kernel's server listens on UDP, where any host can write in a node's name",
                    fix: "set udp=n in the section nfsd of /etc/nfs.conf; systemctl restart nfs-server"))
        }
        if server == .ganesha, settings.nfs.file == nil {
            let main = (try? String(contentsOfFile: "/etc/ganesha/ganesha.conf", encoding: .utf8)) ?? ""
            let isRead = main.split(separator: "\n").contains { line in
                line.contains("%include") && line.contains(file) && !line.hasPrefix("#")
            }
            found.append(
                isRead
                    ? Finding(isGood: true, text: "nfs: Ganesha reads \(file)")
                    : Finding(
                        isGood: false, text: "nfs: Ganesha does not read \(file)",
                        fix: "add to /etc/ganesha/ganesha.conf: %include \"\(file)\""))
        }
        return found
    }

    /// - Parameter ports: lines such as `tcp 2049` (nfsd(7)).
    static func listensOnUDP(_ ports: String) -> Bool {
        ports.split(separator: "\n").contains { $0.hasPrefix("udp ") }
    }

    private var nodeProgram: Finding {
        let paths = settings.nodeProgram.map { [$0] } ?? NodeArchiveFiles.nodePrograms
        let files = FileManager.default
        guard paths.contains(where: files.fileExists(atPath:)) else {
            return Finding(
                isGood: false, text: "roost-node is not at \(paths.joined(separator: " or "))",
                fix: "make install")
        }
        guard files.fileExists(atPath: settings.busybox) else {
            return Finding(
                isGood: false, text: "\(settings.busybox) is missing", fix: "apt install busybox-static")
        }
        do { try NodeArchiveFiles.check(settings) } catch {
            return Finding(
                isGood: false, text: "nodes cannot boot: \(ErrorText.of(error))",
                fix: "apt install busybox-static; node-program and busybox in roost.yaml name other places")
        }
        return Finding(isGood: true, text: "roost-node and busybox are there")
    }

    private var clock: Finding {
        let reading = ClockReading(wall: SystemClock.wall, boot: SystemClock.boot)
        let text = Date(timeIntervalSince1970: Double(reading.wall / 1_000)).formatted(.iso8601)
        guard reading.isCredible else {
            return Finding(
                isGood: false, text: "the clock was never set: it shows \(text)",
                fix: "set it, and synchronise it with NTP: timedatectl set-ntp true")
        }
        return Finding(isGood: true, text: "the clock shows \(text)")
    }

    /// Of the pages; nil where there is none, or it cannot be read.
    private var certificate: Finding? {
        let own = "\(settings.stateDirectory)/center/certificate.pem"
        let path = settings.center.certificate ?? own
        guard settings.roles.contains(.center), FileManager.default.isReadableFile(atPath: path) else {
            return nil
        }
        guard CenterKeys.holds(path, at: SystemClock.wall / 1_000) else {
            return Finding(
                isGood: false, text: "the certificate of the pages is not valid at this time (\(path))",
                fix: path == own
                    ? "let the server renew it: systemctl reload roost"
                    : "install a new one there, and restart the server")
        }
        return Finding(isGood: true, text: "the certificate of the pages is valid")
    }

    private var diskSpace: Finding {
        var path = settings.stateDirectory
        while !FileManager.default.fileExists(atPath: path), path != "/" {
            path = URL(fileURLWithPath: path).deletingLastPathComponent().path
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
        guard free >= Self.freeByteCount else {
            return Finding(
                isGood: false,
                text: "only \(free >> 20) MiB are free on the disk of \(settings.stateDirectory)",
                fix:
                    "free some space: no lease can be recorded on a full disk, and then no machine gets an address"
            )
        }
        return Finding(
            isGood: true, text: "\(free >> 30) GiB are free on the disk of \(settings.stateDirectory)")
    }
}

/// Asks a network for DHCP offers without taking one.
enum DHCPProbe {
    static func offers(on interface: NetworkInterface, waitMilliseconds: Int) throws -> [IPv4Address] {
        let socket = try Socket.datagram(port: 68, interface: interface.name, isShared: true)
        // A locally administered address that no card has.
        var request = DHCPMessage(
            transaction: UInt32.random(in: .min ... .max), from: MACAddress(rawValue: 0x02_524F_4F53_54))
        request.flags = 0x8000
        request.options.set(.messageType, to: .discover)
        request.options[55] = [1, 3, 6, 15, 54, 66, 67]
        var bytes: [UInt8] = []
        request.write(to: &bytes)
        try Socket.broadcast(bytes, from: socket, port: 67, interface: interface.index)
        var servers: [IPv4Address] = []
        for _ in 0..<waitMilliseconds / 50 {
            usleep(50_000)
            while let answer = try? socket.read(atMost: 1_500), !answer.isEmpty {
                var wire = answer.span
                guard let message = try? DHCPMessage(parsing: &wire),
                    message.transaction == request.transaction,
                    let server = (try? message.options.value(of: .serverIdentifier)) ?? nil
                else { continue }
                if !servers.contains(server) { servers.append(server) }
            }
        }
        return servers
    }
}
