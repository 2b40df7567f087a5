import API
import Fleet
import Foundation
import Sealing
import Testing

@testable import AgentWork
@testable import Center

/// A center whose agents' port listens on loopback.
struct AgentPortBench: Sendable {
    let services: CenterServices
    let acts: Acts
    private let directory: TemporaryDirectory
    static let marks = StateMarks(NodeSecrets())

    init() async throws {
        directory = try TemporaryDirectory()
        var services = try await CenterServices.alone(in: directory)
        services.agents = Agents(
            fleet: services.fleet, terminals: services.terminals, port: try Self.port(in: directory),
            marks: Self.marks)
        self.services = services
        acts = Acts(services: services, caller: .local)
    }

    /// A port of the kernel's choice on loopback.
    static func port(in directory: TemporaryDirectory) throws -> Agents.Port {
        let shown = try #require(X509Pair.authority(named: "shown"))
        let path = "\(directory.path)/shown.pem"
        try Data(shown.certificate.utf8).write(to: URL(fileURLWithPath: path))
        return Agents.Port(
            hosts: ["127.0.0.1"], number: 0, authority: try #require(AgentAuthority.make()),
            url: "https://10.77.0.1:8443", chainPath: path)
    }

    /// Joins, and comes to the port.
    func identity(_ name: String, port: Int) async throws -> AgentIdentity {
        let request = try CertificateRequest(name: name)
        let token = try acts.makeAgentToken(AgentTokenRequest()).token
        let answer = try await Door(to: services).join(
            AgentJoinRequest(
                token: token, certificateRequest: request.text, name: name, address: nil, ports: [:]),
            from: "10.77.\(UInt8.random(in: 1...250)).\(UInt8.random(in: 2...250))")
        return AgentIdentity(
            server: answer.server.text, host: "127.0.0.1", port: port, key: request.key,
            certificate: answer.certificate, authority: answer.authority)
    }

    /// The port listens while `body` runs.
    func serving(
        _ deadlines: RequestDeadline.Times = .init(),
        _ body: @escaping @Sendable (_ port: Int, _ connections: AgentConnections) async throws -> Void
    ) async throws {
        // It listens once an agent may come.
        _ = try acts.makeAgentToken(AgentTokenRequest())
        let (ports, feed) = AsyncStream.makeStream(of: Int.self)
        let port = AgentPort(
            agents: services.agents, limits: services.limits, renderer: PageRenderer(version: "test"),
            logger: .silent, quiet: .silent, deadlines: deadlines)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await port.run { feed.yield($0) } }
            var found = ports.makeAsyncIterator()
            let number = await found.next() ?? 0
            group.addTask { try await body(number, port.connections) }
            try await group.next()
            group.cancelAll()
        }
    }

    static let report = AgentReport(
        version: "1", bootID: "b",
        load: TerminalLoad(
            processorCount: 2, loadAverage: 0.5, memoryByteCount: 4 << 30, usedMemoryByteCount: 1 << 30,
            sessionCount: 0),
        events: [AgentEvent(number: 7, age: 0, kind: .accountMade, user: "anna", id: "", text: "")])
}
