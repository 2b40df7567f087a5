import ConfigurationFile
import Fleet

/// Brings a YAML file up to date with records, and leaves everything else in it as it is: comments, order, blank lines, what has not
/// changed.
struct YAMLEditor {
    private let records: DeclaredRecords
    private var lines: [String]
    /// What becomes of lines, from the last to the first.
    private var edits: [(lines: Range<Int>, new: [String])] = []
    private let file: String

    /// - Parameter isGone: whether a record of the file that is not among the records is taken out.
    static func updated(
        _ file: DeclaredFiles.File, to records: DeclaredRecords, adding: [DeclaredRecords.One] = [],
        isGone: (String, String) -> Bool
    ) -> String {
        var editor = YAMLEditor(file, records)
        editor.update(file.tree, adding, isGone)
        return editor.text
    }

    /// A file with these records and nothing else.
    static func written(_ records: [DeclaredRecords.One]) -> String {
        let lines = DeclaredForms.all.flatMap { form -> [String] in
            let alike = records.filter { $0.member == form.member }
            return alike.isEmpty ? [] : ["\(form.member):"] + alike.flatMap(entry)
        }
        return lines.map { "\($0)\n" }.joined()
    }

    private init(_ file: DeclaredFiles.File, _ records: DeclaredRecords) {
        self.records = records
        self.file = file.path
        lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
    }

    private var text: String {
        var result = lines
        // At one place, what is further in was noted first, and comes first.
        let order = edits.enumerated().sorted {
            ($0.element.lines.lowerBound, $0.offset) > ($1.element.lines.lowerBound, $1.offset)
        }
        for (_, edit) in order { result.replaceSubrange(edit.lines, with: edit.new) }
        return result.map { "\($0)\n" }.joined()
    }

    private mutating func replace(_ range: Range<Int>, _ new: [String]) { edits.append((range, new)) }

    // MARK: The file

    private mutating func update(
        _ tree: YAMLTree?, _ adding: [DeclaredRecords.One], _ isGone: (String, String) -> Bool
    ) {
        var members: [YAMLTree.Member] = []
        if case .mapping(let found)? = tree?.content { members = found }
        for (index, member) in members.enumerated() where DeclaredForms.named(member.key) != nil {
            let next = index + 1 < members.count ? members[index + 1].line - 1 : lines.count
            let new = adding.filter { $0.member == member.key }
            update(member, member.line - 1..<end(of: member.line - 1..<next), new, isGone)
        }
        let missing = DeclaredForms.all.filter { form in !members.contains { $0.key == form.member } }
        var end: [String] = []
        for form in missing {
            let new = adding.filter { $0.member == form.member }
            guard !new.isEmpty else { continue }
            end += ["\(form.member):"] + new.flatMap(Self.entry)
        }
        if !end.isEmpty { replace(lines.count..<lines.count, end) }
    }

    private static func entry(_ record: DeclaredRecords.One) -> [String] {
        YAMLWriter.entry(record.plain, indent: 2, order: DeclaredForms.order(of: record.member))
    }

    /// A range without blank lines and comments at its end: they belong to what follows, unless they are indented like what is before.
    private func end(of range: Range<Int>, indent: Int = 0) -> Int {
        var end = range.upperBound
        while end > range.lowerBound + 1 {
            let line = lines[end - 1]
            let text = line.drop { $0 == " " }
            guard text.isEmpty || text.first == "#" && line.count - text.count <= indent else { break }
            end -= 1
        }
        return end
    }

    /// One list of records.
    private mutating func update(
        _ section: YAMLTree.Member, _ range: Range<Int>, _ adding: [DeclaredRecords.One],
        _ isGone: (String, String) -> Bool
    ) {
        guard case .list(let entries) = section.value.content, !entries.isEmpty else {
            return rewrite(section, range, adding, isGone)
        }
        let starts = entries.map { start(of: $0, after: range.lowerBound) }
        // Entries in brackets have no lines of their own, and what is written by an alias is elsewhere.
        let isInOrder =
            zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
            && starts.allSatisfy {
                range.contains($0) && lines[$0].drop(while: { $0 == " " }).first == "-"
            }
        guard isInOrder else { return rewrite(section, range, adding, isGone) }
        var indent = 2
        if let first = starts.first { indent = lines[first].prefix { $0 == " " }.count }
        for (index, entry) in entries.enumerated() {
            let next = index + 1 < starts.count ? starts[index + 1] : range.upperBound
            let place = starts[index]..<end(of: starts[index]..<next, indent: indent)
            update(entry, of: section.key, place, indent, isGone)
        }
        let new = adding.flatMap {
            YAMLWriter.entry($0.plain, indent: indent, order: DeclaredForms.order(of: $0.member))
        }
        if !new.isEmpty { replace(range.upperBound..<range.upperBound, new) }
    }

    /// The line of an entry's dash: its first member may be on the next one.
    private func start(of entry: YAMLTree, after first: Int) -> Int {
        var line = entry.line - 1
        while line > first + 1, lines[line].drop(while: { $0 == " " }).first != "-" { line -= 1 }
        return line
    }

    /// A list in brackets, or an empty one.
    private mutating func rewrite(
        _ section: YAMLTree.Member, _ range: Range<Int>, _ adding: [DeclaredRecords.One],
        _ isGone: (String, String) -> Bool
    ) {
        var entries: [YAMLTree] = []
        if case .list(let found) = section.value.content { entries = found }
        var (isChanged, new): (Bool, [String]) = (!adding.isEmpty, ["\(section.key):"])
        for entry in entries {
            let target = target(of: entry, section.key, isGone)
            isChanged = isChanged || !target.isSame
            guard let value = target.value else { continue }
            new += YAMLWriter.entry(value, indent: 2, order: DeclaredForms.order(of: section.key))
        }
        guard isChanged else { return }
        replace(range, new + adding.flatMap(Self.entry))
    }

    // MARK: One record

    /// What an entry should be.
    private struct Target {
        /// Nil: it goes.
        var value: DeclaredValue?
        /// The entry as the server would say it.
        var said: DeclaredValue
        var isSame: Bool { value == said }
    }

    private func target(of entry: YAMLTree, _ member: String, _ isGone: (String, String) -> Bool) -> Target {
        var problems: [DeclaredProblem] = []
        let item = DeclaredItem(member, entry.value ?? .object([:]), file: file).checked(&problems)
        guard let written = item.keyText else { return Target(value: item.fields, said: item.fields) }
        let (lower, upper) = (written.lowercased(), written)
        guard let record = records.record(member, upper) ?? records.record(member, lower) else {
            return Target(value: isGone(member, written) ? nil : item.fields, said: item.fields)
        }
        let said = DeclaredRecords.normal(item, over: record) ?? item.fields
        var value = record.plain
        // What the file names it goes on naming, even where it is usual.
        for path in said.leaves.keys { value[path] = record.whole[path] }
        return Target(value: value, said: said)
    }

    private mutating func update(
        _ entry: YAMLTree, of member: String, _ range: Range<Int>, _ indent: Int,
        _ isGone: (String, String) -> Bool
    ) {
        let target = target(of: entry, member, isGone)
        guard !target.isSame else { return }
        guard let value = target.value else {
            // Comments right above it are about it.
            var first = range.lowerBound
            while first > 0, lines[first - 1].drop(while: { $0 == " " }).first == "#",
                lines[first - 1].prefix(while: { $0 == " " }).count == indent
            { first -= 1 }
            return replace(first..<range.upperBound, [])
        }
        let order = DeclaredForms.order(of: member)
        guard !entry.isFlow, let new = value.object, let said = target.said.object,
            case .mapping(let members) = entry.content, let first = members.first, new[first.key] != nil,
            members.allSatisfy({ range.contains($0.line - 1) })
        else { return replace(range, YAMLWriter.entry(value, indent: indent, order: order)) }
        update(members, range, from: said, to: new, indent: entry.column - 1, order: order)
    }

    /// The members of a map that has a line for each.
    private mutating func update(
        _ members: [YAMLTree.Member], _ range: Range<Int>, from said: [String: DeclaredValue],
        to new: [String: DeclaredValue], indent: Int, order: [String] = []
    ) {
        for (index, member) in members.enumerated() {
            let next = index + 1 < members.count ? members[index + 1].line - 1 : range.upperBound
            let place = member.line - 1..<end(of: member.line - 1..<next, indent: indent)
            guard new[member.key] != said[member.key] else { continue }
            guard let value = new[member.key] else {
                replace(place, [])
                continue
            }
            if case .mapping(let inner) = member.value.content, !member.value.isFlow,
                !inner.isEmpty, inner.allSatisfy({ place.contains($0.line - 1) }),
                let old = said[member.key]?.object, let wanted = value.object, !wanted.isEmpty
            {
                let column = member.value.column - 1
                update(inner, place, from: old, to: wanted, indent: column)
            } else {
                replace(place, written(member, value, at: place, indent))
            }
        }
        let known = Swift.Set(members.map(\.key))
        let added = new.filter { !known.contains($0.key) }
        guard !added.isEmpty else { return }
        let end = end(of: range, indent: indent)
        replace(end..<end, YAMLWriter.block(added, indent: indent, order: order))
    }

    /// A member anew, with the comment behind it.
    private func written(
        _ member: YAMLTree.Member, _ value: DeclaredValue, at place: Range<Int>, _ indent: Int
    ) -> [String] {
        var new = YAMLWriter.member(member.key, value, indent: indent)
        let line = lines[place.lowerBound]
        // Perhaps with the dash of an entry before it.
        new[0] = "\(line.prefix(indent))\(new[0].dropFirst(indent))"
        if let comment = Self.comment(in: line) { new[0] += comment }
        return new
    }

    /// What is behind a value, with the blanks before it.
    private static func comment(in line: String) -> String? {
        var quote: Character?
        var before: Character = " "
        for index in line.indices {
            let character = line[index]
            if let open = quote {
                if character == open, before != "\\" { quote = nil }
            } else if (character == "\"" || character == "'") && " [{,:".contains(before) {
                quote = character
            } else if character == "#", before == " " {
                let start = line[..<index].lastIndex { $0 != " " }.map(line.index(after:)) ?? index
                return String(line[start...])
            }
            before = character
        }
        return nil
    }
}
