package import ArgumentParser

/// The commands that talk to a server, and need nothing from it on their own host.
package enum ClientCommands {
    /// Those of the program, in the order of its help.
    ///
    /// - Parameters:
    ///   - rule: takes its place among them; one of its commands needs the server's modules.
    ///   - image: the same.
    package static func all(
        rule: any ParsableCommand.Type, image: any ParsableCommand.Type
    ) -> [any ParsableCommand.Type] {
        [
            Status.self, NodeCommands.self, GroupCommands.self, rule, image,
            NetworkCommands.self, LoaderRuleCommands.self, RolloutCommands.self, ScheduleCommands.self,
            VolumeCommands.self,
            Inventory.self, ImportCommands.self, KeptFileCommands.self, SecretCommands.self,
            FileCommands.self, Export.self,
            Get.self, Set.self,
            Plan.self, Apply.self, Diff.self, Schema.self, SourceCommands.self,
            AccountCommands.self,
            History.self, Undo.self, LeaseCommands.self, SessionCommands.self, EventCommands.self,
            TerminalServerCommands.self, PoolCommands.self, Place.self,
            AdministratorCommands.self, TokenCommands.self, BoardCommands.self, WebHookCommands.self,
            SimulateCommands.self,
        ]
    }

    /// Those of `roost rule`.
    package static var ofRules: [any ParsableCommand.Type] {
        [RuleList.self, RuleShow.self, RuleRemove.self]
    }

    /// Those of `roost image`.
    package static var ofImages: [any ParsableCommand.Type] {
        [
            ImageList.self, ImageShow.self, ImageSettingsList.self, ImageSet.self, ImageBuildList.self,
            ImageRollback.self, ImageDiff.self,
            ImageVerify.self, ImageTag.self, ImageKeep.self, ImageKey.self, ImageSign.self,
            ImageWhere.self, ImagePull.self, ImagePrune.self, ImageRemove.self,
        ]
    }
}
