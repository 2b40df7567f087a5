package import Fleet
package import Logging
import Synchronization

/// Directories with files of the configuration that the server watches, as they were read last. Files that are right are applied as one
/// revision; wrong ones change nothing.
package final class WatchedFiles: Sendable {
    /// A file or directory that the server is told to apply.
    package struct Source: Equatable, Sendable {
        package var name: SourceName
        package var path: String
        /// Whether what the files no longer name is removed.
        package var prunes: Bool
        /// Whether values that others have changed are overwritten.
        package var overwrites: Bool

        package init(name: SourceName, path: String, prunes: Bool = false, overwrites: Bool = false) {
            self.name = name
            self.path = path
            self.prunes = prunes
            self.overwrites = overwrites
        }
    }

    /// How the last reading of a source went.
    package struct State: Sendable {
        package var source: Source
        /// Why the files as they are now do not count.
        package var problems: [Sentence] = []
    }

    private static let zones = ZoneFiles()

    private let logger: Logger?
    private let states: Mutex<[SourceName: State]>

    package init(_ sources: [Source] = [], logger: Logger? = nil) {
        self.logger = logger
        states = Mutex(Dictionary(sources.map { ($0.name, State(source: $0)) }) { first, _ in first })
    }

    /// In the order of their names.
    package var all: [State] {
        states.withLock { $0.values.sorted { $0.source.name < $1.source.name } }
    }

    /// A source was read, or could not be.
    ///
    /// - Returns: whether that is settled; otherwise it should be read again later.
    package func take(
        _ read: Result<[DeclaredItem], any Error>, of name: SourceName, into fleet: LiveFleet
    ) async -> Bool {
        guard let source = states.withLock({ $0[name]?.source }) else { return true }
        do {
            let declaration = try Declaration(source: name, items: read.get(), prunes: source.prunes)
            // Looked at first: most readings change nothing.
            let snapshot = fleet.snapshot
            let plan = try Self.plan(declaration, source, in: snapshot, fleet)
            if !plan.edits.isEmpty {
                let next = try await fleet.change(
                    by: "source \(name)", what: "\(source.path): \(plan.summary)"
                ) { current in
                    let isSame = current.revision == snapshot.revision
                    let edits =
                        try isSame ? plan.edits : Self.plan(declaration, source, in: current, fleet).edits
                    return try MintingKeys.completed(edits, in: current)
                        + current.edits(revokingTokensAfter: edits)
                }
                logger?.info("\(source.path): applied, revision \(next.revision)")
            }
            note([], of: name)
            return true
        } catch let error as UnreadableDeclaration {
            note(error.problems.map(\.sentence), of: name)
            return !error.mayPass
        } catch {
            // What others have changed, or a store that does not answer, may be another in a while.
            let said = Sentence(said: error)
            note(
                said.english.contains("\n")
                    ? said.english.split(separator: "\n").map { Sentence(plain: String($0)) } : [said],
                of: name)
            return false
        }
    }

    private static func plan(
        _ declaration: Declaration, _ source: Source, in snapshot: FleetSnapshot, _ fleet: LiveFleet
    ) throws -> DeclaredPlan {
        let plan = try DeclaredPlan(
            of: declaration, in: snapshot, within: fleet.addressPlan, at: Clock.second,
            coding: DeclaredJSON(), in: NameSight(zoneProblem: zones.problem(of:)))
        try DeclaredChanges.requireOwn(plan, overwrites: source.overwrites)
        return plan
    }

    private func note(_ problems: [Sentence], of name: SourceName) {
        let before = states.withLock { states in
            let before = states[name]
            states[name]?.problems = problems
            return before
        }
        guard let before, before.problems != problems, let first = problems.first else { return }
        logger?.error("\(before.source.path): \(first); what was applied before stays in force")
    }
}

extension WatchedFiles.State {
    /// Why the files as they are now do not count; nil when they do.
    package var refusal: Sentence? {
        problems.first.map { first in
            let more = problems.count - 1
            return more > 0 ? "\(first), and \(more) more" : first
        }
    }
}
