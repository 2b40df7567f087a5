package import Fleet
package import Logging
import NetworkErrors
import Synchronization

/// The files that stay the truth, as they were read last. A file that is right becomes a revision; one that is wrong changes nothing.
package final class KeptFiles: Sendable {
    /// A file that the server is told to keep.
    package struct Source: Equatable, Sendable {
        package var scope: KeptScope
        /// Of a file, or of a directory with an `lts.conf` or `ltsp.conf`.
        package var path: String
        /// Nil: its name says it.
        package var dialect: LTSPVariableKind.Dialect?

        package init(scope: KeptScope, path: String, dialect: LTSPVariableKind.Dialect? = nil) {
            self.scope = scope
            self.path = path
            self.dialect = dialect
        }
    }

    /// How the last reading of a source went.
    package struct State: Sendable {
        package var source: Source
        package var problems: [LTSPProblem] = []
        /// The file as it is now does not count.
        package var isRefused: Bool { problems.contains(where: \.isError) }
    }

    private let logger: Logger?
    private let states: Mutex<[KeptScope: State]>

    package init(_ sources: [Source] = [], logger: Logger? = nil) {
        self.logger = logger
        states = Mutex(Dictionary(sources.map { ($0.scope, State(source: $0)) }) { first, _ in first })
    }

    /// In the order of their scopes.
    package var all: [State] {
        states.withLock { $0.values.sorted { $0.source.scope < $1.source.scope } }
    }

    /// Files that are no longer kept lose their effect.
    package func removeOthers(from fleet: LiveFleet) async throws {
        let wanted = Set(states.withLock { $0.keys })
        try await fleet.change(by: "roost.yaml") { current in
            current.keptFiles.keys.filter { !wanted.contains($0) }.sorted().map { .keptFile($0, nil) }
        }
    }

    /// A source was read, or could not be.
    ///
    /// - Returns: whether that is settled; otherwise it should be read again later.
    package func take(
        _ read: Result<KeptFile, any Error>, of scope: KeptScope, into fleet: LiveFleet
    ) async -> Bool {
        let file: KeptFile
        switch read {
        case .success(let new): file = new
        case .failure(let error):
            note([problem("\(ErrorText.of(error))", of: scope)], of: scope)
            return true
        }
        var problems = file.file.problems
        let before = fleet.snapshot.keptFiles[scope]
        if let lost = file.textLost(since: before) {
            problems.insert(
                LTSPProblem(
                    error: "it is empty, and was not before: write a comment (#) if that is meant", lost, nil),
                at: 0)
        } else if let cut = file.endLost(since: before) {
            problems.insert(
                LTSPProblem(
                    error:
                        "its end is gone, and what is left ends with a block of a disk, as after a full disk: write it again, or a comment (#) behind it if that is meant",
                    cut, nil), at: 0)
        }
        note(problems, of: scope)
        guard !problems.contains(where: \.isError), fleet.snapshot.keptFiles[scope] != file else {
            return true
        }
        do {
            let next = try await fleet.change(by: "file \(file.path)") {
                $0.keptFiles[scope] == file ? [] : [.keptFile(scope, file)]
            }
            logger?.info("\(file.path): read, revision \(next.revision)")
            return true
        } catch {
            note(problems + [problem("it cannot be saved: \(ErrorText.of(error))", of: scope)], of: scope)
            return false
        }
    }

    private func problem(_ text: Sentence, of scope: KeptScope) -> LTSPProblem {
        LTSPProblem(error: text, states.withLock { $0[scope]?.source.path } ?? scope.description, nil)
    }

    private func note(_ problems: [LTSPProblem], of scope: KeptScope) {
        let before = states.withLock { states in
            let before = states[scope]?.problems
            states[scope]?.problems = problems
            return before
        }
        guard before != problems, let first = problems.first(where: \.isError) else { return }
        logger?.error("\(KeptFiles.refusal(first, of: problems)); what was read before stays in force")
    }

    /// The first error, and how many more there are.
    static func refusal(_ first: LTSPProblem, of problems: [LTSPProblem]) -> Sentence {
        let count = problems.count(where: \.isError) - 1
        return count > 0 ? "\(first), and \(count) more" : first.sentence
    }
}

extension KeptFiles.State {
    /// Why the file as it is now does not count; nil when it does.
    package var refusal: Sentence? {
        problems.first(where: \.isError).map { KeptFiles.refusal($0, of: problems) }
    }
}
