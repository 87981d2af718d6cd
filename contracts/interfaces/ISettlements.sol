// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Campaign budgets, settlements with a delay, claims by proof
/// @notice Backers fund campaigns. The reporter proposes what the log says each campaign has awarded so far and the root
/// of everybody's cumulative earnings; after a delay, in which the guardian may veto, anyone activates it, and anyone
/// may have any account paid by proof. What was awarded never falls, never expires and cannot be swept; what was funded
/// and never awarded goes back to the backers.
/// @dev All amounts are base units of the pool's token, below 2**120; the sums of everything that ever came in and went
/// back are below 2**128. All times are block times in seconds.
interface ISettlements {
    /// @notice What the contract knows of a campaign.
    /// @param opener who opened it; zero if nobody did.
    /// @param goal amount below which nothing is settled and everything is refunded; 0 for none.
    /// @param fundingDeadline last second in which the campaign takes funds; without a goal it is the closing date.
    /// @param closingDate backers may give notice afterwards.
    /// @param funded everything that backers ever paid in.
    /// @param awarded total of the last activated settlement that listed it.
    /// @param returned everything that went back to backers.
    /// @param noticedAt when the grace began, on the clock that stands still while paused; 0 without notice. A later veto
    /// starts the grace anew and does not show here.
    /// @param goalReached whether `funded` reached `goal`; always true without a goal.
    /// @param finalised whether an activated settlement fixed `awarded` for good.
    /// @param closed whether a backer closed it, which fixes `awarded` for good as well.
    struct CampaignRecord {
        address opener;
        uint256 goal;
        uint256 fundingDeadline;
        uint256 closingDate;
        uint256 funded;
        uint256 awarded;
        uint256 returned;
        uint256 noticedAt;
        bool goalReached;
        bool finalised;
        bool closed;
    }

    /// @notice A campaign was opened; without a goal `fundingDeadline` is the closing date.
    event CampaignOpened(
        bytes32 indexed campaign,
        address indexed opener,
        bytes32 charter,
        uint256 goal,
        uint64 fundingDeadline,
        uint64 closingDate
    );
    /// @notice `backer` paid `amount` in; `totalFunded` is everything the campaign ever got.
    event CampaignFunded(bytes32 indexed campaign, address indexed backer, uint256 amount, uint256 totalFunded);
    /// @notice `amount` of what was never awarded went back to `backer`.
    event CampaignRefunded(bytes32 indexed campaign, address indexed backer, uint256 amount);
    /// @notice A backer gave notice: unless it is settled or a veto falls, the campaign can be closed at `closableAt`
    /// (later by the time of pauses that begin from now on).
    event CampaignNotice(bytes32 indexed campaign, address indexed backer, uint256 closableAt);
    /// @notice A backer closed the campaign, whose pay is fixed at `awarded`.
    event CampaignClosed(bytes32 indexed campaign, address indexed backer, uint256 awarded);
    /// @notice `proposal` is the hash that `proposalHash` gives for the other parameters.
    event SettlementProposed(
        uint256 indexed number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32 proposal,
        bytes32[] campaigns,
        uint256[] totals,
        bool[] finals
    );
    /// @notice The settlement is in force; `totalAwarded` is the sum over all campaigns.
    event SettlementActivated(uint256 indexed number, bytes32 proposal, bytes32 root, uint256 totalAwarded);
    /// @notice The guardian discarded the pending settlement.
    event SettlementVetoed(uint256 indexed number, bytes32 proposal, string reason);
    /// @notice `account` was paid `amount`, at its payee. A RewardToken says so only if that is not the account itself:
    /// otherwise `Transfer` from the zero address does.
    event Claimed(address indexed account, uint256 amount);
    /// @notice In a batch, paying `amount` failed on the side of the token or `payee`; it stays claimable.
    event ClaimSkipped(address indexed account, address indexed payee, uint256 amount);
    /// @notice The delay must be 1 second to 90 days.
    error BadSettlementDelay(uint64 settlementDelay);
    /// @notice This account has already opened a campaign of this charter.
    error CampaignAlreadyOpen(bytes32 campaign);
    /// @notice No such campaign was opened.
    error CampaignNotOpen(bytes32 campaign);
    /// @notice The closing date must lie ahead and, with a goal, the funding deadline too, not after the closing date.
    error BadDates();
    /// @notice The amount is zero, or sums reach 2**120.
    error BadAmount(uint256 amount);
    /// @notice The campaign takes no funds any more: past a date, finalised or closed.
    error FundingIsOver(bytes32 campaign);
    /// @notice The caller has nothing in this campaign.
    error NotBacker(bytes32 campaign, address caller);
    /// @notice Nothing can go back yet: neither was the goal missed, nor is the campaign finalised or closed.
    error NotRefundable(bytes32 campaign);
    /// @notice Notice can be given once, after the closing date.
    error NoticeNotPossible(bytes32 campaign);
    /// @notice No notice was given, or its grace ends only at `closableAt`.
    error GraceNotOver(bytes32 campaign, uint256 closableAt);
    /// @notice The campaign is in the pending settlement.
    error CampaignIsPending(bytes32 campaign);
    /// @notice The campaign's pay is fixed for good; a settlement must not list it.
    error CampaignIsFinal(bytes32 campaign);
    /// @notice Proposals are numbered without gaps, vetoed ones included.
    error WrongNumber(uint256 number, uint256 expected);
    /// @notice A proposal must build on the last activated settlement.
    error WrongParent(uint256 parent, uint256 expected);
    /// @notice Another settlement waits; it can only be activated or vetoed.
    error SettlementIsPending(uint256 number);
    /// @notice This settlement does not wait, or the arguments are not those proposed.
    error NotPending(uint256 number, bytes32 proposal);
    /// @notice The delay ends at `readyAt`.
    error DelayNotOver(uint256 readyAt);
    /// @notice The log size must lie between that of the parent and the anchored one.
    error WrongLogSize(uint256 logSize, uint256 parentLogSize, uint256 anchoredSize);
    /// @notice The lists differ in length or are longer than `MAX_CAMPAIGNS`.
    error BadLength();
    /// @notice Campaigns must be strictly ascending.
    error NotAscending(bytes32 campaign);
    /// @notice A campaign's total must not fall, nor exceed `limit`: what was funded, zero before the goal is reached.
    error WrongTotal(bytes32 campaign, uint256 total, uint256 awarded, uint256 limit);
    /// @notice The proof does not lead to the active root.
    error InvalidProof();
    /// @notice The active root promises more than was awarded in all; this claim would be paid from others' funds.
    error AwardsExceeded(uint256 claimed, uint256 awarded);
    /// @notice Not enough gas left to tell a recipient that refuses from a call that starved.
    error NotEnoughGas();

    /// @notice Unpaused seconds from a proposal to its earliest activation; nobody can shorten it.
    function SETTLEMENT_DELAY() external view returns (uint64);
    /// @notice Unpaused seconds from a backer's notice to the earliest closing: more than `ROLE_DELAY` and two
    /// settlement delays, so that a platform that lost its reporter can still settle.
    function GRACE() external view returns (uint64);
    /// @notice Campaigns that one settlement may list.
    function MAX_CAMPAIGNS() external view returns (uint256);

    /// @notice Opens a campaign for funding.
    /// @param charter digest of the policy, terms, goal and dates as in the log's `campaign.opened`.
    /// @param goal amount below which nothing is settled; 0 for none.
    /// @param fundingDeadline last second of funding; without a goal it is not read: funding ends at the closing date.
    /// @param closingDate last second before which nobody can give notice.
    /// @return campaign `keccak256(abi.encode(msg.sender, LOG_ID, charter))`, so nobody can open it for another.
    function openCampaign(bytes32 charter, uint256 goal, uint64 fundingDeadline, uint64 closingDate)
        external
        returns (bytes32 campaign);

    /// @notice Pays `amount` into a campaign and notes the caller as its backer.
    function fund(bytes32 campaign, uint256 amount) external;

    /// @notice Gives the caller back what it paid in: all of it if the goal was missed, otherwise, once the campaign is
    /// finalised or closed, its share of what was never awarded, rounded down.
    /// @return amount what went back.
    function refund(bytes32 campaign) external returns (uint256 amount);

    /// @notice Starts the grace after which a campaign that nobody settles can be closed. Only a backer, once, after the
    /// closing date.
    function giveNotice(bytes32 campaign) external;

    /// @notice Closes a campaign one `GRACE` after the notice. Only a backer. An activation that lists the campaign and
    /// any veto start the grace anew.
    /// @dev The parameters after `campaign` are those of the pending settlement, to show that it does not list the
    /// campaign; they are not read if none is pending.
    function closeAfterGrace(
        bytes32 campaign,
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external;

    /// @notice Proposes a settlement. Only the reporter, not while paused, one at a time.
    /// @param number count of proposals so far, vetoed ones included, plus one.
    /// @param parent number of the last activated settlement, 0 before the first.
    /// @param root root of the `standard-v1` tree of (account, cumulative amount); zero if nobody has a wallet yet.
    /// @param logSize the size of the log that it was computed at: anchored, and below no earlier one.
    /// @param campaigns ids, strictly ascending; none whose pay is fixed for good.
    /// @param totals cumulative award of each campaign.
    /// @param finals whether each campaign's pay is fixed for good by this settlement.
    function propose(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external;

    /// @notice Puts the pending settlement into force after its delay. Anyone, with the arguments of the proposal.
    /// @dev Fails only while paused, before the delay is over or with other arguments: nothing that happens after the
    /// proposal can make the totals exceed a campaign's funds.
    function activate(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external;

    /// @notice Discards the pending settlement. Only the guardian, until it is activated.
    function veto(uint256 number, string calldata reason) external;

    /// @notice Pays `account` what it has earned and not yet been paid, to its payee. Anyone may call it.
    /// @param cumulative the account's amount in the active root.
    /// @return amount what was paid; 0, without a revert, if everything was paid before.
    function claim(address account, uint256 cumulative, bytes32[] calldata proof) external returns (uint256 amount);

    /// @notice Pays many accounts with one multiproof. A payment that the token or the recipient refuses is skipped and
    /// stays claimable.
    /// @param accounts in the order of their sorted leaf hashes; cumulatives go with them.
    /// @param proof OpenZeppelin's multiproof.
    /// @param proofFlags its flags, packed: flag i is bit `i % 256`, the lowest first, of word `i / 256`.
    /// @return amount what was paid in all.
    function claimMany(
        address[] calldata accounts,
        uint256[] calldata cumulatives,
        bytes32[] calldata proof,
        uint256[] calldata proofFlags
    ) external returns (uint256 amount);

    /// @notice All that is known of a campaign; all zero if nobody opened it.
    function campaignOf(bytes32 campaign) external view returns (CampaignRecord memory);

    /// @notice What `backer` has in a campaign; 0 after its refund.
    function backingOf(bytes32 campaign, address backer) external view returns (uint256);

    /// @notice The hash that stands for a proposal: of `abi.encode` of the parameters.
    function proposalHash(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external pure returns (bytes32);

    /// @notice The settlement that waits: all zero if none. While paused `readyAt` is as if the pause ended now.
    function pending() external view returns (uint256 number, bytes32 proposal, uint256 readyAt);

    /// @notice Proposals so far, vetoed and pending ones included.
    function count() external view returns (uint256);

    /// @notice The settlement in force: all zero before the first.
    function lastActivated() external view returns (uint256 number, bytes32 root, uint256 logSize);

    /// @notice Root that claims are proved against; zero before the first activation.
    function activeRoot() external view returns (bytes32);

    /// @notice What `account` was paid in all.
    function claimed(address account) external view returns (uint256);

    /// @notice Sums over all campaigns and accounts; `funded - returned - paid` is what the pool must hold.
    function books() external view returns (uint256 funded, uint256 returned, uint256 awarded, uint256 paid);
}
