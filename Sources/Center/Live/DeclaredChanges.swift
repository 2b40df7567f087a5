import Fleet

/// What is refused of a plan.
enum DeclaredChanges {
    /// Changes by others that a refusal names.
    private static let shownLimit = 10

    static func requireOwn(_ plan: DeclaredPlan, overwrites: Bool) throws(StoreError) {
        guard !overwrites, !plan.foreign.isEmpty else { return }
        var lines = plan.foreign.prefix(shownLimit).map(\.description)
        let more = plan.foreign.count - shownLimit
        if more > 0 { lines.append("and \(more) more") }
        throw .conflict(
            "\(lines.joined(separator: "\n"))\nothers have changed what these files would overwrite: take it into the files, or overwrite it (--overwrite)"
        )
    }
}
