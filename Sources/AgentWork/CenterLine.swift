import API
import FoundationEssentials
import HTTPClient
import NIOCore
import NIOHTTP1

/// What the agent says to the center.
struct CenterLine: Sendable {
    /// Answers are small; an order is at most this long.
    private static let (answerLimit, lineLimit) = (1 << 20, 256 << 10)
    /// Seconds: for a request; without a sign of life among the orders; for the orders as a whole.
    private static let (requestSeconds, silence, whole) = (20, 35, 6 * 3_600)

    let identity: AgentIdentity
    private let client: HTTPClient

    init(_ identity: AgentIdentity) throws {
        self.identity = identity
        client = try identity.client()
    }

    func report(_ report: AgentReport) async throws -> AgentReportAnswer {
        try await ask("report", report, AgentReportAnswer.self)
    }

    func renew(_ request: String) async throws -> String {
        try await ask(
            "renew", AgentRenewRequest(certificateRequest: request), AgentRenewAnswer.self
        ).certificate
    }

    func tell(_ result: AgentResult) async throws { _ = try await post("results", result) }

    private func ask<Answer: Decodable>(_ path: String, _ body: some Encodable, _: Answer.Type) async throws
        -> Answer
    {
        try await Self.decoded(Answer.self, from: post(path, body))
    }

    private func post(_ path: String, _ body: some Encodable) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: identity.url(path))
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = ByteBuffer(bytes: try JSONEncoder().encode(body))
        return try await Self.answer(
            to: request, by: client, within: HTTPClientLimits(whole: .seconds(Self.requestSeconds)))
    }

    /// What the center answered; a decoder's own words are none for people.
    static func decoded<Answer: Decodable>(_: Answer.Type, from bytes: [UInt8]) throws -> Answer {
        do { return try JSONDecoder().decode(Answer.self, from: Data(bytes)) } catch {
            throw AgentProblem(
                "the center's answer cannot be read: is this agent much older or newer than the center, or is there another server at its address?"
            )
        }
    }

    /// The whole body of an answer; throws what the center says when it refuses.
    static func answer(
        to request: HTTPClientRequest, by client: HTTPClient, within limits: HTTPClientLimits
    ) async throws -> [UInt8] {
        let answer = try await client.execute(request, within: limits)
        var bytes: [UInt8] = []
        for try await more in answer.body {
            bytes += more.readableBytesView
            guard bytes.count <= answerLimit else { throw AgentProblem("the center's answer is too long") }
        }
        guard (200..<300).contains(answer.status) else {
            let problem = try? JSONDecoder().decode(CenterProblem.self, from: Data(bytes))
            throw AgentProblem(problem?.detail ?? "the center answers with \(answer.statusText)")
        }
        return bytes
    }

    /// Calls `take` for each order, until the connection ends.
    func orders(connected: () -> Void, _ take: (AgentOrder) -> Void) async throws {
        let answer = try await client.execute(
            HTTPClientRequest(url: identity.url("orders")),
            within: HTTPClientLimits(whole: .seconds(Self.whole), pause: .seconds(Self.silence)))
        guard answer.status == 200 else {
            throw AgentProblem("the center has no orders for this agent: \(answer.statusText)")
        }
        connected()
        var lines = OrderLines(limit: Self.lineLimit)
        for try await bytes in answer.body {
            for line in try lines.take(bytes.readableBytesView) {
                guard let order = try? JSONDecoder().decode(AgentOrder.self, from: Data(line)) else {
                    AgentLog.write(
                        "an order of the center cannot be read: is this agent older than the center?")
                    continue
                }
                take(order)
            }
        }
    }
}

/// RFC 9457, as far as people read it.
private struct CenterProblem: Decodable { var detail: String }

/// Lines of a stream.
struct OrderLines {
    private let limit: Int
    private var rest: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// The lines that are whole with these bytes, without empty ones.
    mutating func take(_ bytes: some Collection<UInt8>) throws -> [[UInt8]] {
        rest += bytes
        var lines: [[UInt8]] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if end > 0 { lines.append(Array(rest[..<end])) }
            rest.removeFirst(end + 1)
        }
        guard rest.count <= limit else { throw AgentProblem("an order of the center is too long") }
        return lines
    }
}

/// Growing pauses after failures, each at another moment than those of other agents.
struct Backoff {
    /// People wait at their nodes while a center that is back is not noticed.
    private static let (first, longest) = (1.0, 4.0)
    private var seconds = first

    /// After something that succeeded.
    mutating func reset() { seconds = Self.first }

    /// - Parameter share: a random number of 0…1.
    mutating func next(_ share: Double) -> Duration {
        defer { seconds = min(seconds * 2, Self.longest) }
        return .milliseconds(Int(seconds * (0.5 + share) * 1_000))
    }
}
