"""What exercises on losses from logits share: the probe of a sure discriminator, and sentences on known mistakes."""

SURE = "logits of ±300"
SURE_HINT = (
    "right for ordinary logits, wrong for logits of ±300: a probability in between has rounded to 0 or 1, or "
    "the logits were cut off; `softplus` works on the logits themselves."
)
EPSILON = (
    "a small number inside the logarithm hides the infinity and makes the loss wrong where the logits are sure; "
    "`softplus` is exact."
)
PROBABILITIES = (
    "this goes through probabilities: `binary_cross_entropy` cuts their logarithm off at -100, and their gradient too; "
    "`binary_cross_entropy_with_logits` takes the logits themselves."
)
CUT_OFF = "the value is right but carries no gradient: `.item()`, `.detach()` or `no_grad` cut it off."
SUM = "this is the sum over the batch; with the mean, the loss does not grow with the batch size."
