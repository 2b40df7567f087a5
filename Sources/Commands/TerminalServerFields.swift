import ArgumentParser
import Fleet

/// What a terminal server may say.
struct TerminalServerFields: ParsableArguments {
    @Option(help: "The group whose administrators are its own.", completion: .groups) var group: String?
    @Option(help: "linux or windows.") var system: String?
    @Option(
        name: .customLong("protocol"),
        help:
            "A protocol that it offers: rdp, ssh, x2go or vnc, or with its port, rdp:3390; may be given several times."
    )
    var protocols: [String] = []
    @Option(help: "How much it takes compared with what its processors and memory say: 2 is twice as much.")
    var weight: Double?
    @Option(help: "Sessions that it never exceeds.") var limit: Int?
    @Option(help: "The release of its image (default: what its agent says).") var release: String?
    @Option(name: .customLong("tag"), help: "A tag, by which pools find it; may be given several times.")
    var tags: [String] = []
    @Option(help: "When it takes log-ins: 'mon-fri 07:00-18:00'; may be given several times.") var hours:
        [String] = []
    @Option(help: "The node that boots as this server, if one does.", completion: .nodes) var node: String?
    // Not «certificate»: that is the one of this server, in every command.
    @Option(
        name: .customLong("rdp-certificate"),
        help: ArgumentHelp(
            "The SHA-256 of its certificate for RDP, where no agent tells it.", valueName: "sha256"))
    var certificate: String?
    @Option(
        help: ArgumentHelp(
            "Clear a field, such as limit or hours; may be given several times.", valueName: "field"))
    var clear: [String] = []

    func applied(to server: TerminalServer) throws -> TerminalServer {
        var server = server
        for field in clear {
            switch field {
            case "limit": server.sessionLimit = nil
            case "release": server.release = nil
            case "tag", "tags": server.tags = []
            case "hours": server.hours = []
            case "node": server.node = nil
            case "rdp-certificate": server.certificate = nil
            default:
                throw ValidationError(
                    "--clear: ‘\(field)’ is not one of limit, release, tag, hours, node, rdp-certificate")
            }
        }
        if let group { server.group = try GroupPath(group) }
        if let system { server.system = try Words.of(TerminalServer.System.self, "--system", system) }
        if !protocols.isEmpty { server.ports = try Self.ports(protocols) }
        server.weight = weight ?? server.weight
        server.sessionLimit = limit ?? server.sessionLimit
        server.release = release ?? server.release
        if !tags.isEmpty { server.tags = tags }
        if !hours.isEmpty { server.hours = try Words.hours(hours) }
        if let node { server.node = try NodeName(node) }
        server.certificate = certificate ?? server.certificate
        return server
    }

    private static func ports(_ texts: [String]) throws -> [SessionProtocol: Int] {
        var ports: [SessionProtocol: Int] = [:]
        for text in texts {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Words.of(SessionProtocol.self, "--protocol", String(parts[0]))
            guard parts.count == 2 else {
                ports[name] = name.usualPort
                continue
            }
            guard let port = Int(parts[1]) else {
                throw ValidationError("--protocol: ‘\(parts[1])’ is not a port")
            }
            ports[name] = port
        }
        return ports
    }
}
