/// The grants that the groups of a directory (LDAP, OpenID Connect) give to their members.
package struct DirectoryGrants: Equatable, Sendable {
    /// By the group's name in lower case, as the directory calls it: in a tree, that is its distinguished name.
    private var byGroup: [String: [Grant]] = [:]
    private var base: String?

    package init() {}

    /// - Parameter base: the entry that groups lie directly below, as `ou=groups,dc=school`: there, a name that is not a distinguished
    ///   one means `cn=NAME` or the like. Elsewhere in the tree others may make a group of the same name.
    package init(_ groups: [String: [Grant]], base: String? = nil) {
        self.base = base.map(Self.folded)
        for (name, grants) in groups { byGroup[Self.folded(name)] = grants }
    }

    /// Names that mean no group: short ones, without a place where they would be sought.
    package var shortNames: [String] { byGroup.keys.filter { !$0.contains("=") }.sorted() }

    /// What a member of these groups may do, without repetitions, in the order of the groups.
    package func grants(of groups: [String]) -> [Grant] {
        var found: [Grant] = []
        for group in groups {
            let full = Self.folded(group)
            for grant in (byGroup[full] ?? []) + (shortName(of: full).flatMap { byGroup[$0] } ?? [])
            where !found.contains(grant) {
                found.append(grant)
            }
        }
        return found
    }

    /// Lower case, and no blanks round the commas and equal signs of a distinguished name (RFC 4514 §2.4 writes none,
    /// directories do).
    private static func folded(_ name: String) -> String {
        name.lowercased().split(separator: ",", omittingEmptySubsequences: false).map { part in
            part.split(separator: "=", omittingEmptySubsequences: false).map(trimmed).joined(separator: "=")
        }.joined(separator: ",")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// `teachers` of `cn=teachers,ou=groups,dc=school`, when groups are sought directly below `ou=groups,dc=school`.
    private func shortName(of name: String) -> String? {
        guard let base, name.hasSuffix(",\(base)") else { return nil }
        let first = name.dropLast(base.count + 1)
        guard !first.contains(","), let equal = first.firstIndex(of: "=") else { return nil }
        return String(first[first.index(after: equal)...])
    }
}
