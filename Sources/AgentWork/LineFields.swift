/// Texts of /proc and of systemd, taken apart.
enum LineFields {
    /// `KEY=VALUE`, a line each; the first of each key counts.
    static func assignments(in text: String) -> [String: String] {
        text.split(separator: "\n").reduce(into: [:]) { all, line in
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return }
            let key = String(line[..<equals])
            if all[key] == nil { all[key] = String(line[line.index(after: equals)...]) }
        }
    }

    /// A value as os-release(5) and logind quote it.
    static func unquoted(_ value: String) -> String {
        guard value.count >= 2, let mark = value.first, mark == "\"" || mark == "'", value.last == mark else {
            return value
        }
        var (result, isEscaped) = ("", false)
        for character in value.dropFirst().dropLast() {
            if !isEscaped, character == "\\", mark == "\"" {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
