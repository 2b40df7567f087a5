import API
import Fleet
import Foundation

/// Values as pages show them.
enum Format {
    /// `12.3 s`, `4 min 05 s`; empty for nil.
    static func duration(_ milliseconds: Int?) -> String {
        guard let milliseconds else { return "" }
        guard milliseconds >= 120_000 else { return String(format: "%.1f s", Double(milliseconds) / 1_000) }
        return String(format: "%d min %02d s", milliseconds / 60_000, milliseconds / 1_000 % 60)
    }

    /// The same of a part of something that takes `whole`: all its parts have one rounding, and of what is short they add up.
    static func duration(_ milliseconds: Int?, within whole: Int) -> String {
        guard let milliseconds, whole < 10_000 else { return duration(milliseconds) }
        return String(format: "%.2f s", Double(milliseconds) / 1_000)
    }

    /// `3 s`, `13 min`, `11 h 57 min`; days are whole ones, to the nearest.
    static func age(_ milliseconds: Int) -> String {
        let minutes = milliseconds / 60_000
        switch minutes {
        case ..<1: return "\(milliseconds / 1_000) s"
        case ..<60: return "\(minutes) min"
        case ..<2_880:
            let rest = minutes % 60
            return "\(minutes / 60) h" + (rest > 0 ? " \(rest) min" : "")
        default: return "\((minutes + 720) / 1_440) d"
        }
    }

    /// In UTC, as `datetime` of a `<time>`; the page converts it to local time.
    static func time(millisecond: Int?) -> String {
        millisecond.map { CalendarTime.text(second: $0 / 1_000) } ?? ""
    }

    static func time(second: Int?) -> String { second.map { CalendarTime.text(second: $0) } ?? "" }

    /// `520,191`, with the sign between thousands that the language has.
    static func number(_ number: Int, _ language: Language) -> String {
        let digits = String(number.magnitude)
        let mark =
            switch language {
            case .english: ","
            case .french: "\u{202F}"
            case .spanish, .portuguese: "\u{A0}"
            case .greek: "."
            }
        // Both leave numbers of four digits as they are.
        let isShort = digits.count == 4 && (language == .spanish || language == .portuguese)
        guard digits.count > 3, !isShort else { return String(number) }
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += mark }
            text.append(digit)
        }
        return text
    }

    static func size(_ byteCount: Int) -> String {
        switch byteCount {
        case (1 << 40)...: String(format: "%.1f TiB", Double(byteCount) / 1_099_511_627_776)
        case (1 << 30)...: String(format: "%.1f GiB", Double(byteCount) / 1_073_741_824)
        case (1 << 20)...: String(format: "%.0f MiB", Double(byteCount) / 1_048_576)
        case (1 << 10)...: String(format: "%.0f KiB", Double(byteCount) / 1_024)
        default: "\(byteCount) B"
        }
    }

    /// Two sizes in the unit of the second, which alone has it: `12` and `32 GiB`.
    static func sizes(_ part: Int, of whole: Int) -> (part: String, whole: String) {
        let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        let (size, name) = units.first { whole >= $0.0 } ?? (1, "B")
        func number(_ byteCount: Int) -> String {
            let value = Double(byteCount) / Double(size)
            let text = String(format: value >= 9.95 ? "%.0f" : "%.1f", value)
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        return (number(part), "\(number(whole)) \(name)")
    }
}

/// Settings submitted by a form; ``SettingFieldsView`` is the form.
enum SettingFields {
    /// The changes that a form makes to a level's settings.
    static func change(_ form: Form, target: String, own: [String: SettingValue]) throws -> SettingsChange {
        var change = SettingsChange(target: target, set: [:], unset: [])
        for (name, text) in form.group("value.") {
            guard let definition = SettingDefinition.named(name) else { continue }
            // Browsers end the lines of a text as in DOS (HTML, form submission).
            let text = definition.kind == .text ? text.replacing("\r\n", with: "\n") : text
            guard form.has("has.\(name)") else {
                if own[name] != nil { change.unset.append(name) }
                continue
            }
            if definition.isSecret, RecordSettings.isHidden(text) { continue }
            // Fields show harmless marks instead of text-direction controls: if the text is submitted as it was shown, nothing changes.
            if let value = own[name], PageText.field(value.formText) == PageText.field(text) { continue }
            let value = try definition.value(fromForm: text)
            if own[name] != value { change.set[name] = value }
        }
        return change
    }
}

extension SettingValue {
    /// As shown in a form's field: one entry per line.
    var formText: String {
        switch self {
        case .list(let entries): entries.joined(separator: "\n")
        case .map(let map):
            map.sorted { $0.key < $1.key }.map { key, value in
                // Line breaks in a value are kept, written as \n.
                "\(key)=\(value.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))"
            }.joined(separator: "\n")
        default: description
        }
    }
}

extension SettingDefinition {
    /// Parses a value from a form's field.
    func value(fromForm text: String) throws(InvalidSetting) -> SettingValue {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        switch kind {
        case .list: return try checked(.list(lines.filter { !$0.allSatisfy(\.isWhitespace) }))
        case .map:
            var map: [String: String] = [:]
            for line in lines where !line.allSatisfy(\.isWhitespace) {
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { throw InvalidSetting("\(name): ‘\(line)’ is not KEY=VALUE") }
                map[String(parts[0])] = Self.unescaped(parts[1])
            }
            return try checked(.map(map))
        default: return try value(fromText: text)
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var (result, isEscaped) = ("", false)
        for character in text {
            if isEscaped {
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}
