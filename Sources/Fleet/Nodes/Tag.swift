/// A word for finding nodes.
enum Tag {
    private static let countLimit = 32
    private static let byteLimit = 63

    /// `tags` in order, without duplicates: each 1 to 63 bytes of letters of any script, digits, dots, hyphens and underscores.
    static func checked(_ tags: [String]) throws(InvalidName) -> [String] {
        for tag in tags {
            let isGood =
                (1...byteLimit).contains(tag.utf8.count)
                && tag.allSatisfy { $0.isLetter || $0.isNumber || ".-_".contains($0) }
            guard isGood else {
                throw InvalidName(
                    tag, rule: "a tag is 1 to 63 letters, digits, dots, hyphens and underscores")
            }
        }
        var seen: Set<String> = []
        let unique = tags.sorted().filter { seen.insert($0.lowercased()).inserted }
        guard unique.count <= countLimit else {
            throw InvalidName(unique[countLimit], rule: "a node has at most \(countLimit) tags")
        }
        return unique
    }
}
