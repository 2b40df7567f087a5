import Glibc

/// The groups of this machine's accounts, by whatever service tells them: SSSD, LDAP, files (nsswitch.conf(5)).
enum DirectoryGroups {
    /// Groups of one account that are looked at, and bytes of one group's entry, whose members may be many.
    private static let (countLimit, byteLimit) = (65_536, 16 << 20)

    static func has(_ user: String, oneOf groups: [String]) -> Bool {
        guard let numbers = numbers(of: user) else { return false }
        return groups.contains { number(of: $0).map(numbers.contains) ?? false }
    }

    /// Nil: there is no such account.
    private static func numbers(of user: String) -> Set<gid_t>? {
        guard let first = AccountNames.group(of: user) else { return nil }
        var numbers = [gid_t](repeating: 0, count: 256)
        while true {
            var count = Int32(numbers.count)
            if unsafe getgrouplist(user, first, &numbers, &count) >= 0 {
                return Set(numbers.prefix(max(0, Int(count))))
            }
            guard numbers.count < countLimit else { return Set(numbers) }
            numbers = [gid_t](repeating: first, count: min(countLimit, max(Int(count), numbers.count * 2)))
        }
    }

    private static func number(of group: String) -> gid_t? {
        var size = 16 << 10
        while size <= byteLimit {
            var (entry, found): (Glibc.group, UnsafeMutablePointer<Glibc.group>?) = unsafe (
                Glibc.group(), nil
            )
            var buffer = [CChar](repeating: 0, count: size)
            let status = unsafe getgrnam_r(group, &entry, &buffer, buffer.count, &found)
            if status != ERANGE { return unsafe status == 0 && found != nil ? entry.gr_gid : nil }
            size *= 4
        }
        return nil
    }
}
