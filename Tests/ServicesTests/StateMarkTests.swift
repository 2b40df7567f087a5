import Fleet
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// Running nodes bring back what they were given: a state that was copied back learns that it is an older one.
@Suite struct StateMarkTests {
    private final class Told: Sendable {
        let reports = Mutex([NodeReport]())

        var later: [Int] {
            reports.withLock { reports in
                reports.compactMap { if case .laterState(let revision) = $0 { revision } else { nil } }
            }
        }
    }

    private func bench(_ revision: Int, _ secrets: NodeSecrets, _ told: Told) throws -> NodeBench {
        let bench = try NodeBench(
            revision: revision, secrets: secrets,
            send: { report in told.reports.withLock { $0.append(report) } })
        bench.context.note(.dhcp, of: bench.machine, detail: "")
        return bench
    }

    /// What a node takes of an answer.
    private func mark(in answer: HTTPAnswer) throws -> String? {
        guard case .bytes(let body) = answer.body else { return nil }
        return StateMarkField.mark(
            in: try HTTPReply(parsing: answer.head(.closes, date: []) + body))
    }

    @Test func `a node's mark of a later state is told once, also where its boot is not known`() throws {
        let (secrets, told) = (NodeSecrets(), Told())
        let later = try bench(57, secrets, told)
        let answer = try later.request("GET", "orders?boot=\(try later.boot)")
        let mark = try #require(try mark(in: answer))
        #expect(answer.status == 200 && mark.hasPrefix("57."))
        // The same state, and a later one, have nothing to tell.
        #expect(try later.request("GET", "orders?boot=\(try later.boot)&mark=\(mark)").status == 200)
        #expect(try bench(58, secrets, told).request("GET", "orders?boot=x&mark=\(mark)").status == 403)
        #expect(told.later.isEmpty)
        let copiedBack = try bench(40, secrets, told)
        for _ in 0..<2 {
            // Opened after the copy was made.
            #expect(try copiedBack.request("GET", "orders?boot=0123456789abcdef&mark=\(mark)").status == 403)
        }
        #expect(told.later == [57])
    }

    @Test func `what this server did not make tells nothing`() throws {
        let (secrets, told) = (NodeSecrets(), Told())
        let bench = try bench(3, secrets, told)
        let own = StateMarks(secrets).mark(of: 9)
        let wrong = [
            StateMarks(NodeSecrets()).mark(of: 9), "10" + own.dropFirst(), "9.", "9", "", "-1.0", "9.\(own)",
            own.uppercased(), own + "0", String(repeating: "9", count: 10_000),
            "\(Int.max)." + own.dropFirst(2),
        ]
        for mark in wrong { _ = try bench.request("GET", "orders?boot=x&mark=\(mark)") }
        #expect(told.later.isEmpty)
        _ = try bench.request("GET", "orders?boot=x&mark=\(own)")
        #expect(told.later == [9])
    }

    @Test func `a node puts only a mark into its next request`() throws {
        for (field, isTaken) in [
            ("State-Mark: 9.0af3", true), ("state-mark:9.0af3", true), ("State-Mark: 9 HTTP/1.1 x", false),
            ("State-Mark: ", false), ("State-Mark: " + String(repeating: "1", count: 65), false),
            ("State-Mark: 9&boot=2", false), ("X: 9.0af3", false),
        ] {
            let reply = try HTTPReply(parsing: Array("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n".utf8))
            #expect((StateMarkField.mark(in: reply) != nil) == isTaken, "\(field)")
        }
    }
}
