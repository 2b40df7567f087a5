/// Where a setting names another record: `group /school`, `node pc-1`, `rule small`, `image debian`.
struct SettingUse: Comparable {
    var origin: Sentence
    /// Those who may see it may see where it is.
    var group: GroupPath

    static func < (a: Self, b: Self) -> Bool { a.origin.english < b.origin.english }
}

extension FleetSnapshot.Contents {
    /// The places whose value of a setting names something, in the order of their texts.
    func uses<Value>(of setting: Setting<Value>, where names: (Value) -> Bool) -> [SettingUse] {
        func isNamed(in settings: [String: SettingValue]) -> Bool {
            guard let stored = settings[setting.name], let value = try? setting.value(of: stored) else {
                return false
            }
            return names(value)
        }
        var uses = groups.values.filter { isNamed(in: $0.settings) }.map {
            SettingUse(origin: "group \($0.path)", group: $0.path)
        }
        uses += nodes.values.filter { isNamed(in: $0.settings) }.map {
            SettingUse(origin: "node \($0.name)", group: $0.group)
        }
        uses += rules.values.filter { isNamed(in: $0.settings) }.map {
            SettingUse(origin: "rule \($0.name)", group: .site)
        }
        uses += images.values.flatMap(\.allSettings).filter { isNamed(in: $0.settings) }.map {
            SettingUse(origin: $0.origin.sentence, group: .site)
        }
        return uses.sorted()
    }
}

/// What settings still name when a change has taken it away: lines of a plan. Pools, files and versions of images are not removed then;
/// these are, because a secret that has become known has to go at once.
enum LostNames {
    private static let lineLimit = 20

    /// - Parameter sees: whether those who read it may see what is in a group. Those who may remove a record may not see all that names it.
    static func lines(
        of edits: [FleetEdit], from before: FleetSnapshot, to after: FleetSnapshot,
        seeing sees: (GroupPath) -> Bool
    ) -> [String] {
        let lines = edits.flatMap { edit -> [String] in
            guard edit.record == nil else { return [] }
            switch edit.inverse(in: before).record {
            case let secret as Secret where after.contents.secrets[secret.name] == nil:
                let commands = after.contents.uses(of: Settings.commands) { commands in
                    commands.contains { $0.secrets.values.contains(secret.name) }
                }
                let accounts = after.contents.uses(of: Settings.windowsAccounts) { accounts in
                    accounts.contains { $0.secret == secret.name }
                }
                let hooks = after.contents.access.namedHooks.values.filter {
                    [$0.key, $0.authorization].contains(secret.name) && sees(.site)
                }
                var lines = hooks.map(\.name).sorted().map {
                    "web hook \($0) needs the secret \(secret.name): it will send nothing"
                }
                lines += commands.filter { sees($0.group) }.map {
                    "a command of \($0.origin) needs the secret \(secret.name): it will fail"
                }
                lines += accounts.filter { sees($0.group) }.map {
                    "\(Settings.windowsAccounts.name) of \($0.origin) names the secret \(secret.name): log-ins with it will fail"
                }
                return lines
            case let group as NodeGroup where after.contents.groups[group.path] == nil:
                return after.contents.uses(of: Settings.knownNodes) { $0 == group.path }
                    .filter { sees($0.group) }.map {
                        "\(Settings.knownNodes.name) of \($0.origin) names group \(group.path): nodes there will know no others"
                    }
            default: return []
            }
        }
        let rest = lines.count - lineLimit
        return rest <= 1 ? lines : lines.prefix(lineLimit) + ["and \(rest) more lines of this kind"]
    }
}
