/// The difference of two texts, line by line, in the unified form of diff.
enum TextDifference {
    /// Lines shown around each change.
    private static let context = 3

    private enum Line {
        case same(String), removed(String), added(String)

        var text: String {
            switch self {
            case .same(let text): " \(text)"
            case .removed(let text): "-\(text)"
            case .added(let text): "+\(text)"
            }
        }
        var isSame: Bool {
            if case .same = self { return true }
            return false
        }
        var isOld: Bool {
            if case .added = self { return false }
            return true
        }
        var isNew: Bool {
            if case .removed = self { return false }
            return true
        }
    }

    /// Empty where they are the same.
    static func unified(_ old: String, _ new: String, oldName: String, newName: String) -> String {
        guard old != new else { return "" }
        let lines = merged(self.lines(of: old), self.lines(of: new))
        var text = "--- \(oldName)\n+++ \(newName)\n"
        for hunk in hunks(lines) {
            let before = lines[..<hunk.lowerBound]
            let (oldStart, newStart) = (before.count(where: \.isOld), before.count(where: \.isNew))
            let shown = lines[hunk]
            let (oldCount, newCount) = (shown.count(where: \.isOld), shown.count(where: \.isNew))
            // An empty part is named by the line before it.
            text +=
                "@@ -\(oldCount == 0 ? oldStart : oldStart + 1),\(oldCount) +\(newCount == 0 ? newStart : newStart + 1),\(newCount) @@\n"
            text += shown.map { "\($0.text)\n" }.joined()
        }
        return text
    }

    private static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private static func merged(_ old: [String], _ new: [String]) -> [Line] {
        var (removed, added): (Swift.Set<Int>, Swift.Set<Int>) = ([], [])
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var lines: [Line] = []
        var (here, there) = (0, 0)
        while here < old.count || there < new.count {
            if removed.contains(here), here < old.count {
                lines.append(.removed(old[here]))
                here += 1
            } else if added.contains(there), there < new.count {
                lines.append(.added(new[there]))
                there += 1
            } else if here < old.count {
                lines.append(.same(old[here]))
                (here, there) = (here + 1, there + 1)
            } else {
                break
            }
        }
        return lines
    }

    private static func hunks(_ lines: [Line]) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for index in lines.indices where !lines[index].isSame {
            let around = max(0, index - context)..<min(lines.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= around.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<around.upperBound
            } else {
                hunks.append(around)
            }
        }
        return hunks
    }
}
