import Linux
package import Wire

/// An address with a port: `10.77.0.1:10809`. Names are not resolved: a static program has no resolver.
package struct Endpoint: Equatable, Sendable {
    package var address: IPv4Address
    package var port: UInt16

    package init(_ text: some StringProtocol) throws(UsageError) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let address = IPv4Address(parts[0]), let port = UInt16(parts[1]) else {
            throw UsageError(text: "‘\(text)’ is not ADDRESS:PORT")
        }
        (self.address, self.port) = (address, port)
    }
}

/// What the kernel command line says about us.
package struct KernelWords: Equatable, Sendable {
    package var http: Endpoint
    package var boot: String
    package var machine: MACAddress
    /// The address that we were given, and how long we may use it.
    package var address: IPv4Address?
    package var server: IPv4Address
    package var leaseSeconds: Int?
    /// The node's own root over NFS: `NODE/GENERATION`, the end of its directory on the server.
    package var tree: String?

    /// From /proc, or from the copy in /run once the image runs (a container may hide /proc/cmdline).
    package static func read() throws -> KernelWords {
        try KernelWords(String(decoding: try WholeFile.read("/proc/cmdline"), as: UTF8.self))
    }

    /// - Parameter line: the command line; if a word occurs more than once, the last one counts.
    package init(_ line: String) throws(UsageError) {
        var words: [BootWord: Substring] = [:]
        for word in line.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2, let name = BootWord(rawValue: String(parts[0])) { words[name] = parts[1] }
        }
        guard let http = words[.http], let machine = words[.card].flatMap({ MACAddress($0.dropFirst(3)) })
        else {
            throw UsageError(
                text: "the kernel command line has no \(BootWord.http.rawValue) and \(BootWord.card.rawValue)"
            )
        }
        let endpoint = try Endpoint(http)
        self.http = endpoint
        boot = String(words[.boot] ?? "")
        self.machine = machine
        address = words[.address].flatMap {
            IPv4Address($0.split(separator: ":", omittingEmptySubsequences: false)[0])
        }
        server = endpoint.address
        leaseSeconds = words[.lease].flatMap { UInt32($0) }.map(Int.init)
        if words[.nfsRoot] == "own" {
            tree = words[.nfs]?.split(separator: "/").suffix(2).joined(separator: "/")
        }
    }
}
