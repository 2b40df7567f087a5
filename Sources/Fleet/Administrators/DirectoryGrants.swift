/// The grants that the groups of a directory (LDAP, OpenID Connect) give to their members.
package struct DirectoryGrants: Equatable, Sendable {
    /// By the group's name in lower case; a distinguished name may stand in full or by its first value.
    private var byGroup: [String: [Grant]] = [:]

    package init() {}

    package init(_ groups: [String: [Grant]]) {
        for (name, grants) in groups { byGroup[Self.folded(name)] = grants }
    }

    /// What a member of these groups may do, without repetitions, in the order of the groups.
    package func grants(of groups: [String]) -> [Grant] {
        var found: [Grant] = []
        for group in groups {
            let full = Self.folded(group)
            for grant in (byGroup[full] ?? []) + (Self.firstValue(full).flatMap { byGroup[$0] } ?? [])
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

    /// `teachers` of `cn=teachers,ou=groups,dc=school`.
    private static func firstValue(_ name: String) -> String? {
        guard let first = name.split(separator: ",").first, let equal = first.firstIndex(of: "=") else {
            return nil
        }
        return String(first[first.index(after: equal)...])
    }
}
