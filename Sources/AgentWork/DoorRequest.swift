/// What asks at the agent's door, on its own machine: parts with a zero between them, which none of them can contain.
enum DoorRequest: Equatable {
    /// A log-in shows a ticket as its password.
    case ticket(user: String, service: String, from: String, secret: [UInt8])
    /// A log-in shows a public key; sshd is the process.
    case key(user: String, publicKey: String, process: Int32)
    case status

    /// Bytes of a request.
    static let limit = 8 << 10
    private static let textLimit = 1_024

    init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.limit else { return nil }
        let parts = bytes.split(separator: 0, maxSplits: 4, omittingEmptySubsequences: false)
        func text(_ index: Int) -> String? {
            parts[index].count <= Self.textLimit ? String(validating: parts[index], as: UTF8.self) : nil
        }
        switch (text(0), parts.count) {
        case ("ticket", 5):
            guard let user = text(1), let service = text(2), let from = text(3), !user.isEmpty else {
                return nil
            }
            self = .ticket(user: user, service: service, from: from, secret: Array(parts[4]))
        case ("key", 4):
            guard let user = text(1), let key = text(2), let process = text(3).flatMap({ Int32($0) }),
                !user.isEmpty, !key.isEmpty
            else { return nil }
            self = .key(user: user, publicKey: key, process: process)
        case ("status", 1): self = .status
        default: return nil
        }
    }

    var bytes: [UInt8] {
        func joined(_ texts: [String]) -> [UInt8] {
            Array(texts.map { Array($0.utf8) }.joined(separator: [0]))
        }
        switch self {
        case .ticket(let user, let service, let from, let secret):
            return joined(["ticket", user, service, from]) + [0] + secret
        case .key(let user, let key, let process): return joined(["key", user, key, "\(process)"])
        case .status: return joined(["status"])
        }
    }

    /// Whether a process of this user may ask: root for all, others for themselves alone (VNC asks as the session's own user).
    func isAllowed(to userID: UInt32, number: (String) -> UInt32?) -> Bool {
        if userID == 0 { return true }
        switch self {
        case .ticket(let user, _, _, _): return number(user) == userID
        case .key, .status: return false
        }
    }
}
