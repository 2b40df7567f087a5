import Glibc

/// Moments at which a test ends the program as a power cut would: `ROOST_KILL_AT=image.publish.rename roost image import …`.
///
/// There is one before each step of each ``DurableOperation``; the functions that perform those ask for the operation, so that none
/// is without its points.
package enum KillPoint {
    private static let wanted = unsafe getenv("ROOST_KILL_AT").map { unsafe String(cString: $0) }

    /// All that there are.
    package static var names: [String] {
        names(Replacement.self) + names(Publication.self) + names(Move.self) + names(Append.self)
            + names(Overwriting.self) + names(Flush.self) + names(Commit.self)
    }

    private static func names<Operation: DurableOperation>(_: Operation.Type) -> [String] {
        Operation.allCases.flatMap { operation in Operation.Step.allCases.map { operation.point($0) } }
    }

    fileprivate static func isWanted(_ name: @autoclosure () -> String) -> Bool {
        guard let wanted else { return false }
        return wanted == name()
    }

    /// By the signal that nothing can catch, so that nothing is cleared away.
    fileprivate static func end() -> Never {
        kill(getpid(), SIGKILL)
        while true { pause() }
    }
}

/// Something that is there after a power cut, or is not: never half of it. Its raw value is its name.
package protocol DurableOperation: RawRepresentable<String>, CaseIterable, Sendable {
    /// What it is done in; the names of the kill points end with it.
    associatedtype Step: RawRepresentable<String>, CaseIterable
}

extension DurableOperation {
    fileprivate func point(_ step: Step) -> String { "\(rawValue).\(step.rawValue)" }

    /// Ends the program when the environment says that it ends before this step.
    package func pass(_ step: Step) { if isEnding(at: step) { KillPoint.end() } }

    /// For what a power cut leaves torn: half of it is done then, and ``pass(_:)`` called.
    func isEnding(at step: Step) -> Bool { KillPoint.isWanted(point(step)) }
}
