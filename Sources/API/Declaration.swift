package import Fleet

/// Files of the configuration, read: what a source wants to be applied or planned.
package struct DeclarationRequest: Codable, Sendable {
    package var source: SourceName
    package var items: [DeclaredItem]
    /// Whether what the source applied before, and no longer names, is removed.
    package var prune: Bool?
    /// Whether values that others have changed are overwritten.
    package var overwrite: Bool?

    package init(
        source: SourceName, items: [DeclaredItem], prune: Bool? = nil, overwrite: Bool? = nil
    ) {
        self.source = source
        self.items = items
        self.prune = prune
        self.overwrite = overwrite
    }
}

/// What applying files does, or did.
package struct DeclarationAnswer: Codable, Sendable {
    package var source: SourceName
    /// The configuration that it was compared with; after an act, the new one.
    package var revision: Int
    /// One line for people.
    package var summary: String
    package var changes: [DeclaredChange]
    /// Values that others have changed. Without leave to overwrite them nothing is applied.
    package var foreign: [ForeignChange]
    /// Records that the source applied before and no longer names, and that stay.
    package var left: [String]
    package var notes: [String]
    /// What becomes of nodes; nil where no record changes, and after an act.
    package var plan: ChangePlan?

    package init(
        source: SourceName, revision: Int, of plan: DeclaredPlan, effects: ChangePlan? = nil
    ) {
        self.source = source
        self.revision = revision
        summary = plan.summary
        changes = plan.changes
        foreign = plan.foreign
        left = plan.left
        notes = plan.notes
        self.plan = effects
    }

    /// Changes of records, without those that are only remembered.
    package var changeCount: Int { changes.count { $0.act != .adopt } }
}

/// Who has applied files.
package struct AppliedSourceAnswer: Codable, Sendable {
    package var name: SourceName
    /// Records that it has applied, as far as the caller sees them.
    package var recordCount: Int
    /// The directory or file that the server watches for it; nil: people apply it.
    package var path: String?
    /// Why the files as they are now are refused. What was applied before counts on.
    package var problems: [Sentence]

    package init(name: SourceName, recordCount: Int, path: String? = nil, problems: [Sentence] = []) {
        self.name = name
        self.recordCount = recordCount
        self.path = path
        self.problems = problems
    }
}
