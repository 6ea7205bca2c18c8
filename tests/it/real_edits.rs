//! What a real model writes when it is asked for a change.

use backchat::protocol::{ProposalParams, ProposalResult, ProposalStatus, SubmitParams, method};
use backchat::session::{Intent, Mode};

use crate::support::editor::prompt;
use crate::support::{World, lines};

#[test]
fn whatever_is_written_for_an_edit_is_a_proposal_or_an_answer() {
    let world = World::real();
    let editor = world.editor();
    let code = "fn add(a: u32, b: u32) -> u32 {\n    a - b\n}\n\nfn main() {\n    add(1, 2);\n}\n";
    let (part, whole) = (world.uri("part.rs"), world.uri("whole.rs"));
    for uri in [&part, &whole] {
        editor.open(uri, code);
    }
    let edit = |uri: &str, range| {
        let submitted = editor.submit(&SubmitParams {
            range,
            intent: Some(Intent::Edit),
            ..prompt(uri, "Replace the minus by a plus.", Mode::Background)
        });
        submitted.unwrap().request.id
    };
    let requests = [edit(&part, Some(lines(0, 3))), edit(&whole, None)];
    for id in requests {
        editor.wait_for_response(&id);
        let proposal: ProposalResult = editor
            .request(
                method::PROPOSAL,
                &ProposalParams {
                    request_id: id.clone(),
                    hunks: None,
                },
            )
            .unwrap();
        match proposal.status {
            ProposalStatus::None => {
                assert!(
                    !proposal.reason.unwrap().is_empty(),
                    "it says why there is none"
                );
                assert_eq!(proposal.merged, code);
            }
            // Nobody typed, so that what was decoded fits.
            ProposalStatus::Clean => assert_eq!(proposal.edits.is_empty(), proposal.merged == code),
            status => panic!("{status:?} where nobody typed"),
        }
        let said = editor.take(&id).responses.remove(0).response.text;
        assert!(
            !said.trim().is_empty(),
            "what was written can be read in any case"
        );
    }
}
