/// `roost node tag pc-1 -teacher` takes a tag away. Without this, its letters would be options, one of them `-h`.
enum RemovedTags {
    /// The words of the command line, with `--` before tags to remove.
    static func marked(_ words: [String]) -> [String] {
        guard words.starts(with: ["node", "tag"]), !words.contains("--"),
            let first = words.dropFirst(3).firstIndex(where: isRemoval),
            // An option behind it would be taken for a tag.
            !words[first...].contains(where: { $0.hasPrefix("--") })
        else { return words }
        return words[..<first] + ["--"] + words[first...]
    }

    private static func isRemoval(_ word: String) -> Bool {
        word.utf8.count > 1 && word.hasPrefix("-") && !word.hasPrefix("--") && word != "-h"
    }
}
