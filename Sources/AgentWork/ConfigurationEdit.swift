/// Changes of files that belong to other packages: lines between two marks, which can be taken out again, and nothing else.
enum ConfigurationEdit {
    static let (begin, end) = ("# roost-agent: begin", "# roost-agent: end")
    /// Before a line that ours stands for.
    private static let aside = "#roost-agent: "

    /// The text without what was added, and with what was put aside.
    static func removed(from text: String) -> String {
        var (lines, isInside): ([Substring], Bool) = ([], false)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            switch line {
            case Substring(begin): isInside = true
            case Substring(end): isInside = false
            default:
                guard !isInside else { continue }
                lines.append(line.hasPrefix(aside) ? line.dropFirst(aside.count) : line)
            }
        }
        // Without its end the file was cut off by hand: what follows the mark is not ours to remove.
        return isInside ? text : lines.joined(separator: "\n")
    }

    /// The text with lines before the first one that fits; nil where none does.
    static func adding(_ added: [String], before isPlace: (Substring) -> Bool, in text: String) -> String? {
        var lines = removed(from: text).split(separator: "\n", omittingEmptySubsequences: false)
        guard let index = lines.firstIndex(where: isPlace) else { return nil }
        lines.insert(contentsOf: [Substring(begin)] + added.map { $0[...] } + [Substring(end)], at: index)
        return lines.joined(separator: "\n")
    }

    /// The text with keys in a section of a file with `[sections]`; those that are there are put aside. Nil without that section.
    static func setting(_ values: [(key: String, value: String)], in section: String, of text: String)
        -> String?
    {
        var lines = removed(from: text).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        func isHead(_ line: String) -> Bool { line.hasPrefix("[") }
        guard let head = lines.firstIndex(where: { $0.lowercased().hasPrefix("[\(section.lowercased())]") })
        else { return nil }
        let last = lines[(head + 1)...].firstIndex(where: isHead) ?? lines.endIndex
        for index in (head + 1)..<last {
            let key = lines[index].prefix { $0 != "=" }.lowercased().filter { !$0.isWhitespace }
            guard lines[index].contains("="), values.contains(where: { $0.key == key }) else { continue }
            lines[index] = aside + lines[index]
        }
        lines.insert(
            contentsOf: [begin] + values.map { "\($0.key)=\($0.value)" } + [end], at: head + 1)
        return lines.joined(separator: "\n")
    }
}
