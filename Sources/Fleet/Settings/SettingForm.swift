/// How values of one type are stored, typed and checked.
struct SettingForm<Value: Equatable & Sendable>: Sendable {
    let kind: SettingDefinition.Kind
    let merge: MergeRule
    let notation: EntryNotation
    /// Throws why a stored value is invalid.
    let read: @Sendable (SettingValue) throws(InvalidSetting) -> Value
    let write: @Sendable (Value) -> SettingValue
    /// Why a value cannot be set.
    let problem: @Sendable (Value) -> Sentence?
    /// Why it cannot be a new value; present ones stay.
    let flaw: @Sendable (Value) -> Sentence?

    init(
        _ kind: SettingDefinition.Kind, merge: MergeRule = .replace, notation: EntryNotation = .commas,
        problem: @escaping @Sendable (Value) -> Sentence? = { _ in nil },
        flaw: @escaping @Sendable (Value) -> Sentence? = { _ in nil },
        read: @escaping @Sendable (SettingValue) throws(InvalidSetting) -> Value,
        write: @escaping @Sendable (Value) -> SettingValue
    ) {
        self.kind = kind
        self.merge = merge
        self.notation = notation
        self.read = read
        self.write = write
        self.problem = problem
        self.flaw = flaw
    }

    private static func mismatch(_ value: SettingValue, _ kind: SettingDefinition.Kind) -> InvalidSetting {
        InvalidSetting("‘\(value)’ is not \(kind)")
    }
}

extension SettingForm where Value: SettingWord {
    /// A text that is never empty.
    static var word: Self {
        Self(.text, problem: \.problem, flaw: \.flaw) { stored throws(InvalidSetting) in
            guard case .text(let text) = stored else { throw mismatch(stored, .text) }
            return try Value(reading: text)
        } write: {
            .text($0.settingText)
        }
    }
}

extension SettingForm {
    /// A text; empty means none.
    static func optional<Word: SettingWord>() -> Self where Value == Word? {
        Self(.text, problem: { $0?.problem }, flaw: { $0?.flaw }) { stored throws(InvalidSetting) in
            guard case .text(let text) = stored else { throw mismatch(stored, .text) }
            return text.isEmpty ? nil : try Word(reading: text)
        } write: {
            .text($0?.settingText ?? "")
        }
    }

    /// Entries that levels add, unless `merge` is different.
    static func list<Word: SettingWord>(
        merge: MergeRule = .append, _ notation: EntryNotation = .commas
    ) -> Self where Value == [Word] {
        Self(
            .list, merge: merge, notation: notation, problem: { $0.lazy.compactMap(\.problem).first },
            flaw: { $0.lazy.compactMap(\.flaw).first }
        ) { stored throws(InvalidSetting) in
            guard case .list(let entries) = stored else { throw mismatch(stored, .list) }
            var words: [Word] = []
            words.reserveCapacity(entries.count)
            for entry in entries { words.append(try Word(reading: entry)) }
            return words
        } write: {
            .list($0.map(\.settingText))
        }
    }

    /// Keys with their values, in the order of the keys.
    static func map<Entry: SettingEntry>(_ notation: EntryNotation) -> Self where Value == [Entry] {
        Self(
            .map, merge: .byKey, notation: notation, problem: { $0.lazy.compactMap(\.problem).first },
            flaw: { $0.lazy.compactMap(\.flaw).first }
        ) { stored throws(InvalidSetting) in
            guard case .map(let map) = stored else { throw mismatch(stored, .map) }
            var entries: [Entry] = []
            entries.reserveCapacity(map.count)
            for (key, text) in map.sorted(by: { $0.key < $1.key }) {
                entries.append(try Entry(reading: key, text))
            }
            return entries
        } write: { entries in
            .map(Dictionary(entries.map { ($0.key, $0.text) }) { $1 })
        }
    }
}

extension SettingForm where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the words.
    static var choice: Self {
        let words = Value.allCases.map(\.rawValue)
        return Self(.choice(words)) { stored throws(InvalidSetting) in
            guard case .text(let word) = stored else { throw mismatch(stored, .choice(words)) }
            guard let value = Value(rawValue: word) else {
                throw InvalidSetting("‘\(word)’ is not one of \(words.joined(separator: ", "))")
            }
            return value
        } write: {
            .text($0.rawValue)
        }
    }
}

extension SettingForm<Int> {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(.integer(range)) { stored throws(InvalidSetting) in
            guard case .integer(let number) = stored else { throw mismatch(stored, .integer(range)) }
            guard range.contains(number) else {
                throw InvalidSetting("\(number) is not within \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        } write: {
            .integer($0)
        }
    }
}

extension SettingForm<Bool> {
    static var boolean: Self {
        Self(.boolean) { stored throws(InvalidSetting) in
            guard case .boolean(let value) = stored else { throw mismatch(stored, .boolean) }
            return value
        } write: {
            .boolean($0)
        }
    }
}

/// A value that a setting stores as one text, or as one entry of a list.
package protocol SettingWord: Equatable, Sendable {
    /// Throws why it is invalid, without the setting's name.
    init(reading text: String) throws(InvalidSetting)
    /// As stored.
    var settingText: String { get }
    /// Why it cannot be set, although an old one is readable.
    var problem: Sentence? { get }
    /// Why it cannot be a new value: it stays where a level has it already, even when other values change there.
    var flaw: Sentence? { get }
}

extension SettingWord {
    package var problem: Sentence? { nil }
    package var flaw: Sentence? { nil }
}

/// An entry of a setting that is a map.
package protocol SettingEntry: Equatable, Sendable {
    init(reading key: String, _ text: String) throws(InvalidSetting)
    var key: String { get }
    var text: String { get }
    /// As in ``SettingWord``.
    var problem: Sentence? { get }
    var flaw: Sentence? { get }
}

extension SettingEntry {
    package var problem: Sentence? { nil }
    package var flaw: Sentence? { nil }
}

/// How the entries of a list or a map are typed in one line.
struct EntryNotation: Sendable {
    /// Spaces separate them, as for the kernel.
    var isKernelLine = false
    /// Whether `part`, after a comma, starts a new entry; `last` is the previous part.
    var begins: @Sendable (_ part: String, _ last: String) -> Bool = { _, _ in true }

    /// A comma ends an entry.
    static let commas = Self()
    static let kernelLine = Self(isKernelLine: true)

    /// A comma ends an entry if a key follows.
    static func keys(_ isKey: @escaping @Sendable (String) -> Bool) -> Self {
        Self { part, _ in
            part.firstIndex(of: "=").map { isKey(String(part[..<$0].trimmed)) } ?? false
        }
    }
}
