/// What becomes of one of an image's services, or a drop-in for it.
package struct ServiceLine: SettingEntry {
    /// `UNIT`, or `UNIT/FILE.conf` for a drop-in.
    package let key: String
    /// A word of ``Wish``, or the text of a drop-in.
    package let text: String
    package let act: Act

    package enum Act: Equatable, Sendable {
        case wish(Wish)
        /// A file in `UNIT.d`.
        case dropIn(name: String, text: String)
    }

    package enum Wish: String, CaseIterable, Sendable {
        /// As the image has it, whatever a weaker level says.
        case keep
        case enable
        /// It is not started by itself.
        case remove
        /// It cannot be started at all.
        case mask
    }

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        (self.key, self.text) = (key, text)
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard let unit = parts.first, Self.isName(unit) else {
            throw InvalidSetting("‘\(key)’ is not the name of a service")
        }
        if parts.count == 1 {
            guard let wish = Wish(rawValue: text) else {
                throw InvalidSetting("‘\(key)=\(text)’ is not SERVICE=keep, enable, remove or mask")
            }
            act = .wish(wish)
        } else {
            let name = String(parts[1])
            guard parts.count == 2, name.hasSuffix(".conf"), Self.isName(parts[1]) else {
                throw InvalidSetting("‘\(key)’ is not SERVICE/NAME.conf, the place of a drop-in")
            }
            guard !text.contains("\0") else { throw InvalidSetting("‘\(key)’ has a NUL in its text") }
            act = .dropIn(name: name, text: text)
        }
    }

    /// The unit's full name in systemd.
    package var unit: String {
        let name = String(key.split(separator: "/").first ?? "")
        return Self.kinds.contains { name.hasSuffix($0) } ? name : "\(name).service"
    }

    /// The name in other init systems.
    package var service: String { unit.hasSuffix(".service") ? String(unit.dropLast(8)) : unit }

    package var flaw: Sentence? {
        guard case .dropIn(_, let text) = act else { return nil }
        let first = text.split(whereSeparator: \.isNewline).first {
            !$0.hasPrefix("#") && !$0.hasPrefix(";") && !$0.allSatisfy(\.isWhitespace)
        }
        return first?.hasPrefix("[") == true
            ? nil : "the drop-in ‘\(key)’ does not begin with [Service] or another section"
    }

    static func isKey(_ text: String) -> Bool {
        (1...2).contains(text.split(separator: "/", omittingEmptySubsequences: false).count)
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isName)
    }

    private static let kinds = [".service", ".socket", ".timer", ".target", ".mount", ".path", ".slice"]

    /// Letters, digits and what systemd.unit(5) allows beside them.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 200 && text.first != "-" && text.first != "."
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                    || [0x2D, 0x2E, 0x3A, 0x40, 0x5F].contains($0)
            }
    }
}
