import Fleet
import Foundation
import HTTPClient
import NIOCore
import NIOHTTP1
import NetworkErrors

/// The API server of a cluster of Kubernetes, as far as nodes join and leave by it.
struct KubernetesAPI: Sendable {
    private static let limits = HTTPClientLimits(whole: .seconds(8))
    private static let answerByteLimit = 4 << 20
    private static let secretLength = 16
    private static let secrets = "/api/v1/namespaces/kube-system/secrets"
    /// Its clock and this one differ.
    private static let clockTolerance = 5

    private let tokens: BootstrapTokens
    private let credential: String
    private let http: HTTPClient

    /// - Parameter credential: a token of an account that may have Secrets in kube-system, and get and delete Nodes.
    init(_ tokens: BootstrapTokens, credential: [UInt8]?) throws {
        let text = String(decoding: credential ?? [], as: UTF8.self).trimmingCharacters(
            in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw MintFailure("the credential for \(tokens.server) is missing") }
        self.tokens = tokens
        self.credential = text
        http = try HTTPClient(trustingPEM: tokens.authority, at: "the authority of \(tokens.server)")
    }

    // MARK: Tokens

    /// A Secret of the type `bootstrap.kubernetes.io/token`.
    private struct TokenSecret: Encodable {
        struct Metadata: Encodable {
            var name: String
            var namespace = "kube-system"
        }
        var apiVersion = "v1"
        var kind = "Secret"
        var metadata: Metadata
        var type = "bootstrap.kubernetes.io/token"
        var stringData: [String: String]
    }

    func mint(_ order: MintOrder, now: Int) async throws -> SecretMinter.Minted {
        let (id, expiry) = (order.mint.handle, now + tokens.minutes * 60)
        var generator = SystemRandomNumberGenerator()
        let word = SecretMint.text(of: Self.secretLength, using: &generator)
        let secret = TokenSecret(
            metadata: TokenSecret.Metadata(name: "bootstrap-token-\(id)"),
            stringData: [
                "token-id": id, "token-secret": word, "usage-bootstrap-authentication": "true",
                "usage-bootstrap-signing": "true",
                "expiration": Date(timeIntervalSince1970: Double(expiry)).formatted(.iso8601),
                "auth-extra-groups": tokens.groups.joined(separator: ","),
                "description": "made by Roost for node \(order.mint.node) in boot \(order.mint.boot)",
            ])
        let answer = try await ask(.POST, Self.secrets, try JSONEncoder().encode(secret))
        guard answer.status == 201 else { throw refusal(answer.status, "may not make tokens") }
        let token = "\(id).\(word)"
        return SecretMinter.Minted(
            files: [
                SecretFile(order.secret, content: Array("\(token)\n".utf8)),
                SecretFile(
                    order.secret, end: ".kubeconfig", isPublic: false,
                    content: Array(kubeconfig(token).utf8)),
            ], shown: "token \(id) of \(tokens.server)", expiresAt: expiry)
    }

    func removeToken(_ id: String) async throws {
        let answer = try await ask(.DELETE, "\(Self.secrets)/bootstrap-token-\(id)")
        guard [200, 202, 404].contains(answer.status) else {
            throw refusal(answer.status, "may not remove tokens")
        }
    }

    /// As `kubelet --bootstrap-kubeconfig` and `kubeadm join --discovery-file` read it.
    private func kubeconfig(_ token: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: kubernetes
          cluster:
            server: \(tokens.server)
            certificate-authority-data: \(Data(tokens.authority.utf8).base64EncodedString())
        users:
        - name: bootstrap
          user:
            token: \(token)
        contexts:
        - name: bootstrap
          context:
            cluster: kubernetes
            user: bootstrap
        current-context: bootstrap

        """
    }

    // MARK: Nodes

    private struct NodeObject: Decodable {
        struct Metadata: Decodable { var creationTimestamp: String? }
        struct Status: Decodable { var conditions: [NodeCondition]? }
        struct NodeCondition: Decodable {
            var type: String
            var status: String
            var lastHeartbeatTime: String?
        }
        var metadata: Metadata
        var status: Status?
    }

    /// Whether a node has joined since then: its object is new, or its kubelet has reported.
    ///
    /// - Parameter second: seconds since 1970.
    func hasJoined(_ node: NodeName, since second: Int) async throws -> Bool {
        let answer = try await ask(.GET, Self.path(of: node))
        if answer.status == 404 { return false }
        guard answer.status == 200 else { throw refusal(answer.status, "may not get Nodes") }
        guard let object = try? JSONDecoder().decode(NodeObject.self, from: answer.body) else {
            throw MintFailure("\(tokens.server) answered with something that is no Node")
        }
        let times =
            [object.metadata.creationTimestamp]
            + (object.status?.conditions ?? []).filter { $0.type == "Ready" && $0.status == "True" }
            .map(\.lastHeartbeatTime)
        return times.compactMap(\.self).compactMap { try? Date.ISO8601FormatStyle().parse($0) }
            .contains { Int($0.timeIntervalSince1970) >= second - Self.clockTolerance }
    }

    /// The node leaves the cluster.
    func removeNode(_ node: NodeName) async throws {
        let answer = try await ask(.DELETE, Self.path(of: node))
        guard [200, 202, 404].contains(answer.status) else {
            throw refusal(answer.status, "may not remove Nodes")
        }
    }

    /// Names of objects have small letters (RFC 1123).
    private static func path(of node: NodeName) -> String { "/api/v1/nodes/\(node.text.lowercased())" }

    // MARK: Asking

    private func ask(_ method: HTTPMethod, _ path: String, _ body: Data? = nil) async throws
        -> (status: Int, body: Data)
    {
        var request = HTTPClientRequest(url: tokens.server + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(credential)")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "roost")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = ByteBuffer(bytes: body)
        }
        do {
            let answer = try await http.execute(request, within: Self.limits)
            let bytes = try await answer.body.collect(upTo: Self.answerByteLimit)
            return (answer.status, Data(bytes.readableBytesView))
        } catch { throw MintFailure("\(tokens.server): \(ErrorText.of(error))") }
    }

    private func refusal(_ status: Int, _ lack: String) -> MintFailure {
        switch status {
        case 401:
            MintFailure("\(tokens.server) does not know the credential: roost secret set gives another one")
        case 403: MintFailure("the account of the credential \(lack) at \(tokens.server)")
        default: MintFailure("\(tokens.server) answered with status \(status)")
        }
    }
}
