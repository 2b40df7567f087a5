/// A file that Roost writes into a node's root before its init.
package struct ConfiguredFile: SettingEntry {
    /// An absolute path, followed by `:MODE` in octal if it is not 644.
    package let key: String
    package let text: String
    /// Without the leading slash.
    package let path: String
    package let mode: UInt32

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard let (path, mode) = Self.place(key) else {
            throw InvalidSetting("‘\(key)’ is not an absolute path")
        }
        (self.key, self.text, self.path, self.mode) = (key, text, path, mode)
    }

    static func isKey(_ text: String) -> Bool { place(text) != nil }

    private static func place(_ key: String) -> (path: String, mode: UInt32)? {
        var path = key[...]
        var mode: UInt32 = 0o644
        if let colon = path.lastIndex(of: ":") {
            guard let given = UInt32(path[path.index(after: colon)...], radix: 8), given <= 0o7777 else {
                return nil
            }
            mode = given
            path = path[..<colon]
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), parts.count > 1,
            parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") })
        else { return nil }
        return (parts.dropFirst().joined(separator: "/"), mode)
    }
}
