/// A changed step on its way to a running node, with all that it needs: ``StepAct/copy(path:)`` is not among its acts.
///
/// They travel as an array, sealed like a configuration, in answer to a key that is signed with ``ConfigurationEntry/runKey``.
package struct AppliedStep: Equatable, Sendable {
    /// The phase that it belongs to at a start.
    package var phase: StepPhase
    /// As in ``ConfigurationEntry/marks``.
    package var mark: String
    package var work: StepWork

    package init(phase: StepPhase, mark: String, work: StepWork) {
        self.phase = phase
        self.mark = mark
        self.work = work
    }
}

extension AppliedStep: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        guard let phase = StepPhase(rawValue: try wire.text()) else { throw .invalid("phase") }
        self.phase = phase
        mark = try wire.text()
        work = try StepWork(parsing: &wire)
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(text: phase.rawValue)
        wire.write(text: mark)
        work.write(to: &wire)
    }
}
