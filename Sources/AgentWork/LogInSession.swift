import Linux

/// A session of logind, as its file below `/run/systemd/sessions` tells (systemd 252 to 257). The files are said to be private; `loginctl`
/// says the same, and takes a process for each look.
struct LogInSession: Equatable {
    var id: String
    var userID: UInt32
    var user: String
    /// `xrdp-sesman`, `sshd`.
    var service: String
    var kind: String
    var display: String
    var remoteHost: String
    /// Seconds since 1970.
    var began: Int
    /// systemd's unit of its processes: `session-3.scope`.
    var scope: String
    /// Its person has gone; processes are left.
    var isClosing: Bool

    /// - Returns: nil for sessions that are no person's: `manager`, `background`, greeters.
    init?(id: String, parsing text: String) {
        let fields = LineFields.assignments(in: text)
        guard let number = fields["UID"].flatMap({ UInt32($0) }), fields["CLASS"]?.hasPrefix("user") ?? true
        else { return nil }
        isClosing = fields["STATE"] == "closing"
        func field(_ name: String) -> String { LineFields.unquoted(fields[name] ?? "") }
        self.id = id
        userID = number
        (user, service, kind) = (field("USER"), field("SERVICE"), field("TYPE"))
        (display, remoteHost, scope) = (field("DISPLAY"), field("REMOTE_HOST"), field("SCOPE"))
        began = (fields["REALTIME"].flatMap { Int($0) } ?? 0) / 1_000_000
    }

    private static let directory = "/run/systemd/sessions"
    private static let (countLimit, byteLimit) = (4_000, 16 << 10)

    /// Without those that end.
    static func all(_ places: AgentPlaces) -> [Self] { read(places).filter { !$0.isClosing } }

    /// Those that end, and that may do so for ever.
    static func closing(_ places: AgentPlaces) -> [Self] { read(places).filter(\.isClosing) }

    private static func read(_ places: AgentPlaces) -> [Self] {
        let directory = places.path(Self.directory)
        let names = DirectoryListing.names(in: directory)
        return names.filter { !$0.hasSuffix(".ref") && !$0.hasPrefix(".") }.prefix(countLimit).sorted()
            .compactMap { name in
                SmallFile.text("\(directory)/\(name)", limit: byteLimit).flatMap {
                    Self(id: name, parsing: $0)
                }
            }
    }
}
