import API
import Fleet
import FoundationEssentials
import Glibc
import HTTPClient
import Linux
import NIOCore
import NIOHTTP1

/// `roost-agent join URL TOKEN`: the agent gets its certificate.
struct Joining {
    var url: String
    var token: String
    /// Nil: this machine's host name.
    var name: String?
    /// What nodes reach this server by; nil: where its request comes from.
    var address: String?
    /// SHA-256 of the center's authority, if the token has none.
    var fingerprint: String?

    private static let hexadecimalCount = 64

    func run(_ places: AgentPlaces) async throws -> AgentIdentity {
        let name = name ?? Self.hostName()
        let request = try CertificateRequest(name: name)
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        guard base.lowercased().hasPrefix("https://"), let host = URLComponents(string: base)?.host,
            !host.isEmpty
        else { throw AgentProblem("‘\(url)’ is not https://HOST:PORT") }
        let client = try await client(for: base)
        var wish = HTTPClientRequest(url: "\(base)/api/v1/agents/join")
        wish.method = .POST
        wish.headers.add(name: "Content-Type", value: "application/json")
        wish.body = ByteBuffer(
            bytes: try JSONEncoder().encode(
                AgentJoinRequest(
                    token: token, certificateRequest: request.text, name: name, address: address,
                    ports: ReportMaker.openPorts(places))))
        let bytes: [UInt8]
        do {
            bytes = try await CenterLine.answer(
                to: wish, by: client, within: HTTPClientLimits(whole: .seconds(30)))
        } catch let error as HTTPClientError where error.cause == .untrusted {
            throw AgentProblem(
                "the certificate of \(error.place) is not trusted: is this the whole token, with the part behind its dot? (or --authority-fingerprint SHA256)"
            )
        }
        let answer = try CenterLine.decoded(AgentJoinAnswer.self, from: bytes)
        let identity = AgentIdentity(
            server: answer.server.text,
            host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port: answer.port,
            key: request.key, certificate: answer.certificate, authority: answer.authority)
        // What cannot be used is said now, not by the service.
        _ = try identity.client()
        try Self.makeStateDirectory(places)
        try identity.write(places)
        return identity
    }

    /// A client that trusts the authority whose fingerprint came with the token, and none else.
    private func client(for base: String) async throws -> HTTPClient {
        let parts = token.split(separator: ".", maxSplits: 1)
        let known = (fingerprint ?? (parts.count == 2 ? String(parts[1]) : nil)).map {
            $0.filter { $0 != ":" }.lowercased()
        }
        guard let known else { return HTTPClient() }
        guard known.count == Self.hexadecimalCount, known.allSatisfy(\.isHexDigit) else {
            throw AgentProblem(
                "‘\(known)’ is not a SHA-256 fingerprint, which has 64 hexadecimal digits: is this the whole token, as ‘roost server token’ printed it?"
            )
        }
        let shown = try await ShownCertificates.fetch(from: base)
        guard let authority = shown.first(where: { CertificateText.fingerprint(of: $0) == known }) else {
            throw AgentProblem(
                "\(base) does not show the authority that the token names: another server answers there, or its certificate was renewed since; do not go on before you know which"
            )
        }
        return try HTTPClient(trustingPEM: authority, at: base)
    }

    static func makeStateDirectory(_ places: AgentPlaces) throws {
        let path = places.path(AgentPlaces.stateDirectory)
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("create \(path)") }
    }

    static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
