import Linux

/// The processes of this machine, as far as displays are concerned.
struct ProcessList {
    struct Process: Equatable {
        var number: Int32
        var parent: Int32
        var name: String
        var user: UInt32
        /// Of displays alone.
        var words: [String] = []
    }

    /// Of a session, in version 0.10 of xrdp.
    static let sessionManager = "xrdp-sesexec"
    private static let (managers, displays) = (["xrdp-sesman", sessionManager], ["Xorg", "Xvnc"])
    private static let countLimit = 100_000

    private var processes: [Int32: Process] = [:]

    init(_ processes: [Process]) {
        self.processes = Dictionary(processes.map { ($0.number, $0) }) { first, _ in first }
    }

    /// Displays, and what may have started them.
    static func all(_ places: AgentPlaces) -> Self {
        let names = DirectoryListing.names(in: places.path("/proc")).prefix(countLimit)
        return Self(
            names.compactMap { name in
                guard let number = Int32(name),
                    let text = SmallFile.text(places.path("/proc/\(name)/status"), limit: 1 << 14),
                    var process = Process(number, parsing: text)
                else { return nil }
                if managers.contains(process.name) { return process }
                guard displays.contains(process.name) else { return nil }
                let words = SmallFile.text(places.path("/proc/\(name)/cmdline"), limit: 1 << 16) ?? ""
                process.words = words.split(separator: "\0").map(String.init)
                return process
            })
    }

    /// The server of a display such as `:10`, which is that user's: others may call their programs so.
    func displayServer(_ display: String, of user: UInt32) -> Process? {
        processes.values.first {
            $0.user == user && Self.displays.contains($0.name) && $0.words.contains(display)
        }
    }

    /// What started a process, if it is a part of xrdp-sesman.
    func manager(of process: Process) -> Process? {
        processes[process.parent].flatMap { $0.user == 0 && Self.managers.contains($0.name) ? $0 : nil }
    }
}

extension ProcessList.Process {
    /// `/proc/PID/status` (proc(5)).
    init?(_ number: Int32, parsing status: String) {
        var fields: [Substring: Substring] = [:]
        for line in status.split(separator: "\n").prefix(16) {
            let words = line.split { $0 == "\t" || $0 == " " }
            if words.count > 1 { fields[words[0]] = words[1] }
        }
        guard let name = fields["Name:"], let parent = fields["PPid:"].flatMap({ Int32($0) }),
            let user = fields["Uid:"].flatMap({ UInt32($0) })
        else { return nil }
        self.init(number: number, parent: parent, name: String(name), user: user)
    }
}
