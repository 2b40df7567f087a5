/// Accounts in files of other systems: `passwd` with `shadow` and `group`, or CSV.
package struct AccountFile: Equatable, Sendable {
    package var entries: [Entry] = []
    /// Lines that are no accounts of people, with their numbers and why.
    package var skipped: [Skipped] = []
    private var names: Set<LogInName> = []

    package struct Entry: Equatable, Sendable {
        /// Its line in the file, from 1.
        package var line: Int
        package var name: LogInName
        // Nil: the file says nothing of it.
        package var fullName: String?
        package var uid: Int?
        package var groups: [String]?
        /// As in `/etc/shadow`; nil: none that can be used.
        package var passwordHash: String?
        /// Typed out, in a CSV file.
        package var password: String?
        package var expires: String?
        package var isDisabled: Bool?
    }

    package struct Skipped: Equatable, Sendable {
        package var line: Int
        /// As it is written there; empty: it is not known.
        package var name: String
        package var reason: Sentence
    }

    /// Accounts in one file.
    package static let limit = 100_000

    // MARK: passwd(5), shadow(5), group(5)

    /// - Parameters:
    ///   - shadow: empty: no account gets a password.
    ///   - group: empty: accounts get no groups.
    package init(passwd: String, shadow: String = "", group: String = "") {
        let hashes = Self.fields(of: shadow)
        var byName: [String: [String]] = [:]
        for (_, fields) in hashes where fields.count > 1 { byName[fields[0]] = fields }
        var groups: [String: [String]] = [:]
        for (_, fields) in Self.fields(of: group) where fields.count > 3 {
            for member in fields[3].split(separator: ",") {
                groups[String(member), default: []].append(fields[0])
            }
        }
        for (line, fields) in Self.fields(of: passwd) {
            guard fields.count == 7, let uid = Int(fields[2]) else {
                skip(line, "it is not a line of passwd")
                continue
            }
            guard DirectoryAccount.numbers.contains(where: { $0.contains(uid) }) else {
                skip(line, "\(fields[0]) has the number \(uid), which is not a person's", name: fields[0])
                continue
            }
            let secret = byName[fields[0]]
            let hash = secret?[1] ?? ""
            add(
                line, name: fields[0]
            ) { name in
                Entry(
                    line: line, name: name, fullName: String(fields[4].prefix { $0 != "," }), uid: uid,
                    groups: group.isEmpty
                        ? nil : (groups[fields[0]] ?? []).filter { !LogInGroup.powerful.contains($0) },
                    passwordHash: hash.hasPrefix("$") ? hash : nil, password: nil,
                    expires: (secret?.count ?? 0 > 7 ? secret?[7] : nil).flatMap { Int($0) }.map(Self.day),
                    // The mark of a locked password comes before the hash.
                    isDisabled: hash.hasPrefix("!$"))
            }
        }
    }

    private static func fields(of text: String) -> [(line: Int, fields: [String])] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            if line.isEmpty || line.hasPrefix("#") { return nil }
            return (
                index + 1, line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            )
        }
    }

    /// The day so many days after 1970-01-01, as shadow(5) counts.
    static func day(_ number: Int) -> String {
        // Days of the civil calendar from March on, in eras of 400 years.
        let days = min(max(number, 0), 2_932_000) + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }

    // MARK: CSV (RFC 4180)

    /// The first line names the columns: `name`, and of `full-name`, `uid`, `groups`, `password`, `password-hash`, `expires`, `disabled` as many
    /// as there are. Lists of classes have other words for some of them.
    package init(csv: String) throws(InvalidSetting) {
        let rows = try Self.rows(of: csv)
        guard let header = rows.first else { throw InvalidSetting("the file is empty") }
        let columns = header.cells.map { cell in
            let title = cell.trimmed.lowercased().replacing(" ", with: "-")
            return Self.otherTitles[title] ?? title
        }
        if let unknown = columns.first(where: { !Self.columns.contains($0) }) {
            throw InvalidSetting(
                "‘\(unknown)’ is not a column: \(Self.columns.joined(separator: ", "))")
        }
        guard columns.contains("name"), Set(columns).count == columns.count else {
            throw InvalidSetting("the first line has no column ‘name’, or one twice")
        }
        for row in rows.dropFirst() {
            guard row.cells.count == columns.count else {
                skip(row.line, "it has \(row.cells.count) cells, and the first line \(columns.count)")
                continue
            }
            let cells = Dictionary(uniqueKeysWithValues: zip(columns, row.cells.map { String($0.trimmed) }))
            let name = cells["name"] ?? ""
            func cell(_ name: String) -> String? { cells[name].flatMap { $0.isEmpty ? nil : $0 } }
            if let uid = cell("uid"), Int(uid) == nil {
                skip(row.line, "‘\(uid)’ is not a number", name: name)
                continue
            }
            add(
                row.line, name: name
            ) { name in
                Entry(
                    line: row.line, name: name, fullName: cells["full-name"],
                    uid: cell("uid").flatMap { Int($0) },
                    groups: cells["groups"].map {
                        $0.split { $0 == " " || $0 == ";" || $0 == "," }.map(String.init)
                    },
                    passwordHash: cell("password-hash"), password: cell("password"),
                    expires: cells["expires"],
                    isDisabled: cells["disabled"].map { ["yes", "true", "1"].contains($0.lowercased()) })
            }
        }
    }

    private static let columns = [
        "name", "full-name", "uid", "groups", "password", "password-hash", "expires", "disabled",
    ]

    private static let otherTitles = [
        "login": "name", "log-in-name": "name", "user-name": "name", "username": "name",
        "fullname": "full-name",
        "user-id": "uid", "group": "groups", "class": "groups", "last-day": "expires",
    ]

    /// The mark between cells, as spreadsheets of different countries write it.
    private static func separator(in header: some StringProtocol) -> Character {
        [",", ";", "\t"].first { header.contains($0) } ?? ","
    }

    private static func rows(of text: String) throws(InvalidSetting) -> [(line: Int, cells: [String])] {
        // Spreadsheets begin UTF-8 with a mark of its order.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? text.dropFirst() : text[...]
        let separator = separator(in: text.prefix { !$0.isNewline })
        var rows: [(line: Int, cells: [String])] = []
        var (cells, cell, isQuoted, line, first) = ([String](), "", false, 1, 1)
        var wasQuote = false
        func isBlank() -> Bool { cells.isEmpty && cell.isEmpty }
        for character in text {
            if isQuoted {
                if wasQuote, character == "\"" {
                    cell.append("\"")
                    wasQuote = false
                    continue
                }
                if wasQuote {
                    (isQuoted, wasQuote) = (false, false)
                } else if character == "\"" {
                    wasQuote = true
                    continue
                } else {
                    if character.isNewline { line += 1 }
                    cell.append(character)
                    continue
                }
            }
            switch character {
            case "\"": isQuoted = true
            case separator:
                cells.append(cell)
                cell = ""
            case _ where character.isNewline:
                if !isBlank() { rows.append((first, cells + [cell])) }
                (cells, cell) = ([], "")
                line += 1
                first = line
            default: cell.append(character)
            }
            guard rows.count <= limit else { throw InvalidSetting("the file has more than \(limit) lines") }
        }
        guard !isQuoted || wasQuote else {
            throw InvalidSetting("a quotation mark of line \(first) has no end")
        }
        if !isBlank() { rows.append((first, cells + [cell])) }
        return rows
    }

    // MARK: Entries

    private mutating func skip(_ line: Int, _ reason: Sentence, name: String = "") {
        skipped.append(Skipped(line: line, name: name, reason: reason))
    }

    private mutating func add(_ line: Int, name: String, _ make: (LogInName) -> Entry) {
        guard entries.count < Self.limit else {
            return skip(line, "there are more than \(Self.limit) accounts", name: name)
        }
        do throws(InvalidName) {
            let known = try LogInName(name)
            guard names.insert(known).inserted else {
                return skip(line, "‘\(known)’ is there twice", name: name)
            }
            entries.append(make(known))
        } catch {
            skip(line, error.sentence, name: name)
        }
    }
}
