import Fleet

/// What is refused of a plan.
enum DeclaredChanges {
    /// Changes by others that a refusal names.
    private static let shownLimit = 10

    static func requireOwn(_ plan: DeclaredPlan, overwrites: Bool) throws(StoreError) {
        guard !overwrites, !plan.foreign.isEmpty else { return }
        let lines = plan.foreign.prefix(shownLimit).map(\.description).joined(separator: "\n")
        let more = plan.foreign.count - shownLimit
        let rest: Sentence = more > 0 ? "\n\("and \(more) more" as Sentence)\n" : "\n"
        let why: Sentence =
            "others have changed what these files would overwrite: take it into the files, or overwrite it (--overwrite)"
        throw .conflict("\(lines)\(rest)\(why)")
    }
}
