import ConfigurationFile
import Foundation

/// What differs between two states of a record, for people: a line for each member.
enum RecordDifference {
    /// - Parameters:
    ///   - before: JSON; nil: there was none.
    ///   - after: JSON; nil: there is none any more.
    static func lines(from before: String?, to after: String?) -> [String] {
        let (old, new) = (members(before), members(after))
        return Swift.Set(old.keys).union(new.keys).sorted().compactMap { name in
            switch (old[name], new[name]) {
            case (let old?, let new?): old == new ? nil : "\(name): \(old) → \(new)"
            case (let old?, nil): "\(name): \(old)\(after == nil ? "" : " → -")"
            case (nil, let new?): "\(name): \(before == nil ? "" : "- → ")\(new)"
            case (nil, nil): nil
            }
        }
    }

    /// Members by their path: `settings.kernel-arguments`. Empty ones are left out.
    private static func members(_ json: String?) -> [String: String] {
        guard let json else { return [:] }
        guard let tree = try? JSONTree(Data(json.utf8)) else { return ["value": json] }
        var found: [String: String] = [:]
        collect(tree, at: "", into: &found)
        return found
    }

    private static func collect(_ tree: JSONTree, at path: String, into found: inout [String: String]) {
        switch tree {
        case .object(let members):
            for (name, value) in members {
                collect(value, at: path.isEmpty ? name : "\(path).\(name)", into: &found)
            }
        case .list(let entries):
            if !entries.isEmpty { found[path] = entries.map(\.line).joined(separator: ", ") }
        case .null: break
        case .string(""): break
        default: found[path] = tree.line
        }
    }
}

extension JSONTree {
    /// On one line.
    fileprivate var line: String {
        switch self {
        case .null: "-"
        case .boolean(let flag): flag ? "yes" : "no"
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .string(let text): text.replacing("\n", with: "⏎")
        case .list(let entries): "[\(entries.map(\.line).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.line)" }.joined(separator: ", "))}"
        }
    }
}
