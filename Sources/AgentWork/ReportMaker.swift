import API
import Fleet
import FoundationEssentials
import Glibc
import Linux

/// What this server shows to those who connect to it.
package enum Shown {
    /// The fingerprint of its certificate for RDP, and its host keys.
    package static func now(_ places: AgentPlaces) -> (certificate: String?, hostKeys: [String]) {
        (ReportMaker.certificate(places), ReportMaker.hostKeys(places))
    }
}

/// Makes the agent's reports, by plain reads of files.
struct ReportMaker {
    /// What was seen, kept until the machine starts again.
    struct Seen: Codable {
        /// Bytes of memory in use without any session; 0: never seen.
        var idleMemory = 0
        var sessions: [AgentSession] = []
    }

    private static let rooms = ["/", "/home", "/tmp"]
    /// Room that is left when a disk counts as full: a hundredth.
    private static let leastShare = 100

    let places: AgentPlaces
    let version: String
    private(set) var seen: Seen
    private var watch: SessionWatch
    private let idleTimes: IdleTimes

    init(_ places: AgentPlaces, version: String) {
        (self.places, self.version) = (places, version)
        let known = SmallFile.text(places.seen).flatMap {
            try? JSONDecoder().decode(Seen.self, from: Data($0.utf8))
        }
        seen = known ?? Seen()
        watch = SessionWatch(places, known: known?.sessions)
        idleTimes = IdleTimes(places)
    }

    /// Looks at everything. Events wait in the log: the caller adds them.
    mutating func look(now: Int, _ note: (AgentEvent.Kind, AgentSession) -> Void) -> AgentReport {
        let sessions = idleTimes.filled(into: watch.look(now: now, note))
        let machine = MachineLoad.now(places)
        var load = TerminalLoad(
            processorCount: MachineLoad.processorCount, loadAverage: machine?.loadAverage ?? 0,
            memoryByteCount: machine?.memoryByteCount ?? 0,
            usedMemoryByteCount: machine.map { $0.memoryByteCount - $0.availableByteCount } ?? 0,
            idleMemoryByteCount: seen.idleMemory, sessionCount: sessions.count)
        if sessions.isEmpty { load.idleMemoryByteCount = load.usedMemoryByteCount }
        keep(load, sessions)
        var ports = Self.openPorts(places)
        let certificate = Self.certificate(places)
        let rooms = Self.rooms(places)
        let troubles = Self.troubles(places, rooms, ports, certificate)
        // xrdp takes connections without it, and nothing comes of them.
        if Self.hasXRDP(places), !Self.hasProcess("xrdp-sesman", places) { ports[.rdp] = nil }
        return AgentReport(
            version: version, bootID: Self.bootID(places), uptime: Self.uptime(places), load: load,
            pressure: machine?.pressure,
            rooms: rooms, sessions: sessions, release: Self.release(places), ports: ports,
            certificate: certificate, hostKeys: Self.hostKeys(places),
            troubles: troubles)
    }

    /// Written only when something has changed that another start needs.
    private mutating func keep(_ load: TerminalLoad, _ sessions: [AgentSession]) {
        let change = abs(load.idleMemoryByteCount - seen.idleMemory)
        guard change > load.memoryByteCount / 50 || sessions.map(\.id) != seen.sessions.map(\.id) else {
            return
        }
        seen = Seen(idleMemory: load.idleMemoryByteCount, sessions: sessions)
        guard let bytes = try? JSONEncoder().encode(seen) else { return }
        try? WholeFile.writeForNow(places.seen, Array(bytes))
    }

    static func bootID(_ places: AgentPlaces) -> String {
        SmallFile.text(places.path("/proc/sys/kernel/random/boot_id"))?.split(separator: "\n").first
            .map(String.init) ?? ""
    }

    /// Whole seconds since the machine started.
    static func uptime(_ places: AgentPlaces) -> Int? {
        SmallFile.text(places.path("/proc/uptime"), limit: 64)?.split { $0 == "." || $0 == " " }.first
            .flatMap { Int($0) }
    }

    /// Of the image that the machine boots, as it calls itself.
    static func release(_ places: AgentPlaces) -> String? {
        if let own = SmallFile.text(places.path("/etc/roost-release")) {
            let line = own.split(separator: "\n").first.map(String.init) ?? ""
            return line.isEmpty ? nil : line
        }
        let fields = LineFields.assignments(in: SmallFile.text(places.path("/etc/os-release")) ?? "")
        let parts = ["ID", "VERSION_ID"].compactMap { fields[$0].map(LineFields.unquoted) }
        return parts.isEmpty ? nil : parts.joined(separator: "-")
    }

    /// The protocols that are open here, each with its port.
    static func openPorts(_ places: AgentPlaces) -> [SessionProtocol: Int] {
        let open = OpenPorts(
            parsing: ["tcp", "tcp6"].map {
                SmallFile.text(places.path("/proc/net/\($0)"), limit: 16 << 20) ?? ""
            }
        ).listening
        var ports: [SessionProtocol: Int] = [:]
        for kind in [SessionProtocol.rdp, .ssh] where open.contains(kind.usualPort) {
            ports[kind] = kind.usualPort
        }
        let hasX2Go = unsafe access(places.path("/usr/bin/x2gostartagent"), X_OK) == 0
        if hasX2Go, ports[.ssh] != nil { ports[.x2go] = SessionProtocol.x2go.usualPort }
        return ports
    }

    private static func rooms(_ places: AgentPlaces) -> [AgentReport.Room] {
        rooms.compactMap { AgentReport.Room.of($0, in: places) }
    }

    /// SHA-256 of the certificate that xrdp shows, as xrdp.ini names it; nil without one.
    static func certificate(_ places: AgentPlaces) -> String? {
        SmallFile.text(certificatePath(places), limit: 1 << 16).flatMap(CertificateText.fingerprint)
    }

    private static func certificatePath(_ places: AgentPlaces) -> String {
        let settings = LineFields.assignments(in: SmallFile.text(places.path("/etc/xrdp/xrdp.ini")) ?? "")
        let named = settings["certificate"] ?? ""
        return places.path(named.hasPrefix("/") ? named : "/etc/xrdp/cert.pem")
    }

    static func hostKeys(_ places: AgentPlaces) -> [String] {
        let directory = places.path("/etc/ssh")
        return DirectoryListing.names(in: directory)
            .filter { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key.pub") }.prefix(16)
            .compactMap { name in
                // Without the comment: it names a host.
                let words = (SmallFile.text("\(directory)/\(name)", limit: 1 << 14) ?? "")
                    .split { $0 == " " || $0 == "\n" }
                return words.count >= 2 ? "\(words[0]) \(words[1])" : nil
            }
    }

    // MARK: Troubles

    private static func troubles(
        _ places: AgentPlaces, _ rooms: [AgentReport.Room], _ ports: [SessionProtocol: Int],
        _ certificate: String?
    ) -> [String] {
        var troubles = rooms.filter { $0.freeByteCount < $0.byteCount / leastShare }.map {
            "\($0.path) is full"
        }
        guard hasXRDP(places) else { return troubles }
        if ports[.rdp] == nil { troubles.append("xrdp is not running: systemctl restart xrdp") }
        if !hasProcess("xrdp-sesman", places) {
            troubles.append("xrdp-sesman is not running: systemctl restart xrdp-sesman")
        }
        if certificate == nil { troubles.append("xrdp has no certificate: run roost-agent setup") }
        return troubles
    }

    private static func hasXRDP(_ places: AgentPlaces) -> Bool {
        unsafe access(places.path("/usr/sbin/xrdp"), X_OK) == 0
    }

    /// Whether a daemon runs, by the file with its number.
    private static func hasProcess(_ name: String, _ places: AgentPlaces) -> Bool {
        for directory in ["/run/xrdp", "/run", "/var/run/xrdp", "/var/run"] {
            guard let text = SmallFile.text(places.path("\(directory)/\(name).pid"), limit: 64),
                let number = Int(text.split(separator: "\n").first ?? "")
            else { continue }
            let command = SmallFile.text(places.path("/proc/\(number)/comm"), limit: 64) ?? ""
            if name.hasPrefix(command.split(separator: "\n").first ?? "-") { return true }
        }
        return false
    }
}
