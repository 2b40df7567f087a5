import Wire

/// What `roost-node log-in` was asked for.
package struct LogInOptions: Equatable, Sendable {
    package var user = ""
    package var pool = ""
    package var protocols = ["rdp"]
    package var hasPassword = false
    package var takesOver = false
    /// Where a key for SSH is made; nil: none is needed.
    package var key: String?
    /// Where what opens the session is written; nil: nowhere, the person's own password opens it.
    package var credential: String?
    /// Only whether the name that was typed can be an account's: nothing is asked for.
    package var isCheck = false
    /// As in `LANG`; empty: English.
    package var language = ""

    /// Protocols that a node may have a program for.
    private static let known: Set<String> = ["rdp", "ssh", "x2go", "vnc"]

    package static let usage = """
        log-in [--user NAME] [--pool POOL] [--protocols rdp,x2go,ssh] [--password] [--take-over] [--key FILE]
               [--credential FILE] [--language LANG] [--check]
        """

    package init() {}

    package init(_ arguments: some Sequence<String>) throws(UsageError) {
        var rest = Array(arguments)[...]
        while let word = rest.popFirst() {
            func value() throws(UsageError) -> String {
                guard let value = rest.popFirst() else { throw UsageError(text: "\(word) needs a value") }
                return value
            }
            switch word {
            case "--user": user = try value()
            case "--pool": pool = try value()
            case "--protocols": protocols = try value().split(separator: ",").map(String.init)
            case "--password": hasPassword = true
            case "--check": isCheck = true
            case "--take-over": takesOver = true
            case "--key": key = try value()
            case "--credential": credential = try value()
            case "--language": language = try value()
            default: throw UsageError(text: "usage: roost-node \(Self.usage)")
            }
        }
        if let unknown = protocols.first(where: { !Self.known.contains($0) }) {
            throw UsageError(text: "'\(unknown)' is not among \(Self.known.sorted().joined(separator: ", "))")
        }
    }

    /// - Returns: a request for each identifier.
    func request(publicKey: String) -> (LogInIdentifier) -> LogInRequest {
        { id in
            LogInRequest(
                id: id.text, user: user, pool: pool, protocols: protocols, publicKey: publicKey,
                hasPassword: hasPassword, takesOver: takesOver)
        }
    }
}
