import CSodium

/// Marks of how far a server's configuration had come. Nodes and agents bring back the last one that they were given, so that a server whose
/// state was copied back learns it. A mark opens nothing; with the code in it, only this server can have made it.
package struct StateMarks: Sendable {
    private static let (codeByteCount, lengthLimit) = (16, 64)

    private let secrets: NodeSecrets

    package init(_ secrets: NodeSecrets) { self.secrets = secrets }

    /// `REVISION.CODE`
    package func mark(of revision: Int) -> String {
        "\(revision).\(Hashing.hexadecimal(code(of: revision)))"
    }

    /// The revision in a mark that is beyond `known`; nil: it is not, or this server did not make it.
    package func revision(in mark: String, beyond known: Int) -> Int? {
        guard mark.utf8.count <= Self.lengthLimit, let number = Int(mark.prefix { $0 != "." }),
            number > known, number < Int.max
        else { return nil }
        let (own, shown) = (Array(self.mark(of: number).utf8), Array(mark.utf8))
        guard own.count == shown.count, unsafe sodium_memcmp(own, shown, own.count) == 0 else { return nil }
        return number
    }

    private func code(of revision: Int) -> [UInt8] {
        Array(secrets.derive("state mark", String(revision)).prefix(Self.codeByteCount))
    }
}
