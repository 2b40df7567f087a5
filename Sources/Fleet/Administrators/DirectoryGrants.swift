/// The grants of members of a directory's groups (LDAP, OpenID Connect).
package struct DirectoryGrants: Equatable, Sendable {
    /// By the group's name in the directory, in lower case: in a tree, its distinguished name.
    private var byGroup: [String: [Grant]] = [:]
    private var base: String?

    package init() {}

    /// - Parameter base: the parent entry of all groups, such as `ou=groups,dc=school`: a short name means `cn=NAME` or the like directly
    ///   below it. Elsewhere in the tree others could create a group with the same name.
    package init(_ groups: [String: [Grant]], base: String? = nil) {
        self.base = base.map(Self.folded)
        for (name, grants) in groups { byGroup[Self.folded(name)] = grants }
    }

    /// Names that match no group: short ones, without a base to search in.
    package var shortNames: [String] { byGroup.keys.filter { !$0.contains("=") }.sorted() }

    /// The grants of a member of these groups, without duplicates, in the order of the groups.
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

    /// Lower case, without spaces around commas and equal signs of a distinguished name (RFC 4514 §2.4 has none, directories do).
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

    /// `teachers` for `cn=teachers,ou=groups,dc=school`, when the base is `ou=groups,dc=school`.
    private func shortName(of name: String) -> String? {
        guard let base, name.hasSuffix(",\(base)") else { return nil }
        let first = name.dropLast(base.count + 1)
        guard !first.contains(","), let equal = first.firstIndex(of: "=") else { return nil }
        return String(first[first.index(after: equal)...])
    }
}
