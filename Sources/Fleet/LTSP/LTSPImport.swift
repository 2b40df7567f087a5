import Wire

/// What an `lts.conf` or `ltsp.conf` becomes here: the report of its lines, and the records for one change.
///
/// What applies to all machines is set for the site, sections that others take over become groups, patterns become rules, and each machine gets
/// what is left, so that its settings are those that the file gives it.
package struct LTSPImport: Equatable, Sendable {
    /// One setting of the file.
    package struct Row: Equatable, Sendable, Codable {
        package var file: String
        package var line: Int
        package var section: String
        package var variable: String
        package var fate: LTSPTranslation.Fate
        /// What it becomes and where, or why it does not.
        package var text: String
    }

    /// What is known of the fleet that takes the file.
    package struct Fleet: Sendable {
        package var nodes: [Node]
        package var groups: Set<GroupPath>
        /// Nil: not known.
        package var images: Set<String>?

        package init(nodes: [Node] = [], groups: Set<GroupPath> = [], images: Set<String>? = nil) {
            self.nodes = nodes
            self.groups = groups
            self.images = images
        }
    }

    /// In the order of the file.
    package private(set) var rows: [Row] = []
    package private(set) var problems: [LTSPProblem] = []
    /// What the result cannot say as the file does.
    package private(set) var notes: [String] = []
    /// For the whole site.
    package private(set) var site: [String: SettingValue] = [:]
    /// Parents first.
    package private(set) var groups: [NodeGroup] = []
    package private(set) var rules: [MatchRule] = []
    package private(set) var newNodes: [Node] = []
    /// Settings for nodes that there are.
    package private(set) var nodes: [NodeName: [String: SettingValue]] = [:]

    /// Whether a line is refused, and with it the file.
    package var isRefused: Bool { problems.contains(where: \.isError) }
    package var isEmpty: Bool {
        site.isEmpty && groups.isEmpty && rules.isEmpty && newNodes.isEmpty && nodes.isEmpty
    }

    package init(_ file: LTSPFile, into fleet: Fleet = Fleet()) {
        problems = file.problems
        var work = LTSPImportWork(file: file, fleet: fleet)
        work.run()
        rows = work.rows
        notes = work.notes
        guard !isRefused else { return }
        site = work.site
        groups = work.groups.values.sorted { $0.path < $1.path }
        rules = work.rules.map(\.rule).filter { !$0.settings.isEmpty }
        newNodes = work.newNodes
        nodes = work.nodes.filter { !$0.value.isEmpty }
    }

    package func count(_ fate: LTSPTranslation.Fate) -> Int { rows.count { $0.fate == fate } }
}
