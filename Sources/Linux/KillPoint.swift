import Glibc

/// Moments at which a test ends the program as a power cut would: `ROOST_KILL_AT=image.publish.rename roost image import …`.
///
/// There is one before each step of each ``DurableOperation``. The functions that perform those steps require the operation, so that none
/// is without its kill points.
package enum KillPoint {
    private static let wanted = unsafe getenv("ROOST_KILL_AT").map { unsafe String(cString: $0) }

    /// All kill points.
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

    /// Ends the program if the environment names this point.
    static func pass(_ name: String) { if isWanted(name) { end() } }

    /// With a signal that cannot be caught, so that nothing is cleaned up.
    fileprivate static func end() -> Never {
        kill(getpid(), SIGKILL)
        while true { pause() }
    }
}

/// A step that a power cut leaves done or not done, never half done. Its raw value is its name.
package protocol DurableOperation: RawRepresentable<String>, CaseIterable, Sendable {
    /// Its steps; the names of the kill points end with them.
    associatedtype Step: RawRepresentable<String>, CaseIterable
}

extension DurableOperation {
    fileprivate func point(_ step: Step) -> String { "\(rawValue).\(step.rawValue)" }

    /// Ends the program if the environment names this step.
    package func pass(_ step: Step) { if isEnding(at: step) { KillPoint.end() } }

    /// For steps that a power cut can tear: do half of it, then call ``pass(_:)``.
    func isEnding(at step: Step) -> Bool { KillPoint.isWanted(point(step)) }
}
