import FoundationEssentials
import HTTPClient
import Linux

/// Who this agent is, and where its center is. It is written whole: after a crash there is the former one or the new one.
struct AgentIdentity: Codable, Equatable {
    /// The name of the server's record.
    var server: String
    /// Host, without brackets, and port of the agents' port.
    var host: String
    var port: Int
    /// PEM, all three; the key is a secret.
    var key: String
    var certificate: String
    var authority: String

    /// In the port's certificate, whatever address it is reached by.
    private static let portName = "roost-agents"

    static func read(_ places: AgentPlaces) throws -> Self {
        guard let text = SmallFile.text(places.identity, limit: 1 << 16) else {
            throw AgentProblem(
                "this agent has not joined: run roost-agent join with a token of the center (roost server token)"
            )
        }
        do { return try JSONDecoder().decode(Self.self, from: Data(text.utf8)) } catch {
            throw AgentProblem("\(places.identity) cannot be read: join again (roost-agent join)")
        }
    }

    func write(_ places: AgentPlaces) throws {
        try WholeFile.replace(
            places.identity, with: Array(JSONEncoder().encode(self)), mode: 0o600, at: .agentIdentity)
    }

    /// When the next certificate is asked for: after two thirds of this one's time.
    var renewsAt: Int {
        guard let validity = CertificateText.validity(of: certificate) else { return 0 }
        return validity.lowerBound + validity.count / 3 * 2
    }

    func client() throws -> HTTPClient {
        try HTTPClient(
            trustingPEM: authority, at: "the agent's identity",
            showing: HTTPClientIdentity(
                certificate: certificate, key: key, serverName: Self.portName, at: "the agent's identity"),
            keepsConnection: true)
    }

    func url(_ path: String) -> String {
        "https://\(host.contains(":") ? "[\(host)]" : host):\(port)/agent/v1/\(path)"
    }
}
