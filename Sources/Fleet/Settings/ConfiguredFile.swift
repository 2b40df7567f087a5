/// A file that Roost writes into a node's root before its init.
package struct ConfiguredFile: SettingEntry {
    /// An absolute path, followed by `:MODE` in octal if it is not 644.
    package let key: String
    package let text: String
    /// The file on the server that has the content instead: the text is `stored:NAME`.
    package var stored: StoredFileName? { Self.storedName(text) }
    /// Without the leading slash.
    package let path: String
    package let mode: UInt32

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        (path, mode) = try Self.place(key)
        (self.key, self.text) = (key, text)
    }

    private static let storedMark = "stored:"

    static func storedName(_ text: String) -> StoredFileName? {
        text.hasPrefix(storedMark) ? try? StoredFileName(text.dropFirst(storedMark.count)) : nil
    }

    static func isKey(_ text: String) -> Bool { (try? place(text)) != nil }

    /// Mounted anew at each boot, over what is in the root.
    private static let hidden = ["proc/", "sys/", "dev/"]

    package var flaw: Sentence? {
        if text.hasPrefix(Self.storedMark), stored == nil, !text.contains(where: \.isNewline) {
            return "‘\(text)’ does not name a file on the server, such as stored:wallpaper.jpg"
        }
        return Self.hidden.first(where: path.hasPrefix).map {
            "‘\(key)’ would not be seen: /\($0.dropLast()) is the kernel's, and mounted over what is in the root"
        }
    }

    private static func place(_ key: String) throws(InvalidSetting) -> (path: String, mode: UInt32) {
        var path = key[...]
        var mode: UInt32 = 0o644
        if let colon = path.lastIndex(of: ":") {
            guard let given = UInt32(path[path.index(after: colon)...], radix: 8), given <= 0o7777 else {
                guard path.hasPrefix("/") else { throw InvalidSetting("‘\(key)’ is not an absolute path") }
                throw InvalidSetting(
                    "‘\(key)’: what follows the colon is not a mode in octal digits, such as 755")
            }
            mode = given
            path = path[..<colon]
        }
        guard path.hasPrefix("/") else { throw InvalidSetting("‘\(path)’ is not an absolute path") }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if parts.last?.isEmpty != false {
            throw InvalidSetting("‘\(path)’ is a directory: add the name of the file")
        }
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw InvalidSetting("‘\(path)’ is not a plain path: it has ‘//’, ‘.’, ‘..’ or a zero byte in it")
        }
        return (parts.joined(separator: "/"), mode)
    }
}
