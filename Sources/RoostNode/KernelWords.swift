import Linux
import Wire

/// An address with a port: `10.77.0.1:10809`. Names are not resolved: a static program has no resolver.
struct Endpoint: Equatable {
    var address: IPv4Address
    var port: UInt16

    init(_ text: some StringProtocol) throws(UsageError) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let address = IPv4Address(parts[0]), let port = UInt16(parts[1]) else {
            throw UsageError(text: "‘\(text)’ is not ADDRESS:PORT")
        }
        (self.address, self.port) = (address, port)
    }
}

/// What the kernel's command line says for us.
struct KernelWords {
    var http: Endpoint
    var boot: String
    var machine: MACAddress
    /// The address that we were given, and how long it is ours.
    var address: IPv4Address?
    var server: IPv4Address
    var leaseSeconds: Int?

    /// From /proc, or from the copy in /run once the image runs (a container may hide /proc/cmdline).
    static func read() throws -> KernelWords {
        let text = String(decoding: try WholeFile.read("/proc/cmdline"), as: UTF8.self)
        var words: [BootWord: Substring] = [:]
        for word in text.split(whereSeparator: \.isWhitespace) {
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
        return KernelWords(
            http: endpoint, boot: String(words[.boot] ?? ""), machine: machine,
            address: words[.address].flatMap {
                IPv4Address($0.split(separator: ":", omittingEmptySubsequences: false)[0])
            },
            server: endpoint.address, leaseSeconds: words[.lease].flatMap { UInt32($0) }.map(Int.init))
    }
}
