import Glibc
import Linux
import NodeWork
import Testing

/// A TPM that is too busy to answer in time.
@Suite struct TPMPatienceTests {
    private struct Refusal: Error {}

    /// - Parameter failures: thrown one after the other, before there is an answer.
    private func ask(_ failures: [any Error]) throws -> (attempts: Int, waited: [Int], told: Int) {
        var (left, attempts, waited, told) = (failures, 0, [Int](), 0)
        try TPMPatience.keep(wait: { waited.append($0) }, tell: { _ in told += 1 }) {
            attempts += 1
            if !left.isEmpty { throw left.removeFirst() }
        }
        return (attempts, waited, told)
    }

    private let busy = SystemError("write to the TPM", number: ETIME)

    @Test func `a TPM that does not answer is asked three times, with a pause in between`() throws {
        #expect(try ask([]) == (1, [], 0))
        #expect(try ask([busy, busy]) == (3, [1_000, 1_000], 2))
        #expect(throws: busy) { try ask([busy, busy, busy]) }
    }

    @Test func `what a TPM or the server refuses is not asked again`() {
        var attempts = 0
        #expect(throws: Refusal.self) {
            try TPMPatience.keep(wait: { _ in }, tell: { _ in }) {
                attempts += 1
                throw Refusal()
            }
        }
        #expect(attempts == 1)
    }
}
