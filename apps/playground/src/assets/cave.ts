/**
 * The text of the character model: the beginning of book VII of Plato's Republic in Benjamin Jowett's translation, 40 KB, one paragraph a line.
 * Jowett died in 1893: the translation is in the public domain everywhere. Only his words are here, no edition's notes or additions.
 */

export const cave = `And now, I said, let me show in a figure how far our nature is enlightened or unenlightened:--Behold! human beings living in a underground den, which has a mouth open towards the light and reaching all along the den; here they have been from their childhood, and have their legs and necks chained so that they cannot move, and can only see before them, being prevented by the chains from turning round their heads. Above and behind them a fire is blazing at a distance, and between the fire and the prisoners there is a raised way; and you will see, if you look, a low wall built along the way, like the screen which marionette players have in front of them, over which they show the puppets.
I see.
And do you see, I said, men passing along the wall carrying all sorts of vessels, and statues and figures of animals made of wood and stone and various materials, which appear over the wall? Some of them are talking, others silent.
You have shown me a strange image, and they are strange prisoners.
Like ourselves, I replied; and they see only their own shadows, or the shadows of one another, which the fire throws on the opposite wall of the cave?
True, he said; how could they see anything but the shadows if they were never allowed to move their heads?
And of the objects which are being carried in like manner they would only see the shadows?
Yes, he said.
And if they were able to converse with one another, would they not suppose that they were naming what was actually before them?
Very true.
And suppose further that the prison had an echo which came from the other side, would they not be sure to fancy when one of the passers-by spoke that the voice which they heard came from the passing shadow?
No question, he replied.
To them, I said, the truth would be literally nothing but the shadows of the images.
That is certain.
And now look again, and see what will naturally follow if the prisoners are released and disabused of their error. At first, when any of them is liberated and compelled suddenly to stand up and turn his neck round and walk and look towards the light, he will suffer sharp pains; the glare will distress him, and he will be unable to see the realities of which in his former state he had seen the shadows; and then conceive some one saying to him, that what he saw before was an illusion, but that now, when he is approaching nearer to being and his eye is turned towards more real existence, he has a clearer vision,--what will be his reply? And you may further imagine that his instructor is pointing to the objects as they pass and requiring him to name them,--will he not be perplexed? Will he not fancy that the shadows which he formerly saw are truer than the objects which are now shown to him?
Far truer.
And if he is compelled to look straight at the light, will he not have a pain in his eyes which will make him turn away to take refuge in the objects of vision which he can see, and which he will conceive to be in reality clearer than the things which are now being shown to him?
True, he said.
And suppose once more, that he is reluctantly dragged up a steep and rugged ascent, and held fast until he is forced into the presence of the sun himself, is he not likely to be pained and irritated? When he approaches the light his eyes will be dazzled, and he will not be able to see anything at all of what are now called realities.
Not all in a moment, he said.
He will require to grow accustomed to the sight of the upper world. And first he will see the shadows best, next the reflections of men and other objects in the water, and then the objects themselves; then he will gaze upon the light of the moon and the stars and the spangled heaven; and he will see the sky and the stars by night better than the sun or the light of the sun by day?
Certainly.
Last of all he will be able to see the sun, and not mere reflections of him in the water, but he will see him in his own proper place, and not in another; and he will contemplate him as he is.
Certainly.
He will then proceed to argue that this is he who gives the season and the years, and is the guardian of all that is in the visible world, and in a certain way the cause of all things which he and his fellows have been accustomed to behold?
Clearly, he said, he would first see the sun and then reason about him.
And when he remembered his old habitation, and the wisdom of the den and his fellow-prisoners, do you not suppose that he would felicitate himself on the change, and pity them?
Certainly, he would.
And if they were in the habit of conferring honours among themselves on those who were quickest to observe the passing shadows and to remark which of them went before, and which followed after, and which were together; and who were therefore best able to draw conclusions as to the future, do you think that he would care for such honours and glories, or envy the possessors of them? Would he not say with Homer,
'Better to be the poor servant of a poor master,'
and to endure anything, rather than think as they do and live after their manner?
Yes, he said, I think that he would rather suffer anything than entertain these false notions and live in this miserable manner.
Imagine once more, I said, such an one coming suddenly out of the sun to be replaced in his old situation; would he not be certain to have his eyes full of darkness?
To be sure, he said.
And if there were a contest, and he had to compete in measuring the shadows with the prisoners who had never moved out of the den, while his sight was still weak, and before his eyes had become steady (and the time which would be needed to acquire this new habit of sight might be very considerable), would he not be ridiculous? Men would say of him that up he went and down he came without his eyes; and that it was better not even to think of ascending; and if any one tried to loose another and lead him up to the light, let them only catch the offender, and they would put him to death.
No question, he said.
This entire allegory, I said, you may now append, dear Glaucon, to the previous argument; the prison-house is the world of sight, the light of the fire is the sun, and you will not misapprehend me if you interpret the journey upwards to be the ascent of the soul into the intellectual world according to my poor belief, which, at your desire, I have expressed--whether rightly or wrongly God knows. But, whether true or false, my opinion is that in the world of knowledge the idea of good appears last of all, and is seen only with an effort; and, when seen, is also inferred to be the universal author of all things beautiful and right, parent of light and of the lord of light in this visible world, and the immediate source of reason and truth in the intellectual; and that this is the power upon which he who would act rationally either in public or private life must have his eye fixed.
I agree, he said, as far as I am able to understand you.
Moreover, I said, you must not wonder that those who attain to this beatific vision are unwilling to descend to human affairs; for their souls are ever hastening into the upper world where they desire to dwell; which desire of theirs is very natural, if our allegory may be trusted.
Yes, very natural.
And is there anything surprising in one who passes from divine contemplations to the evil state of man, misbehaving himself in a ridiculous manner; if, while his eyes are blinking and before he has become accustomed to the surrounding darkness, he is compelled to fight in courts of law, or in other places, about the images or the shadows of images of justice, and is endeavouring to meet the conceptions of those who have never yet seen absolute justice?
Anything but surprising, he replied.
Any one who has common sense will remember that the bewilderments of the eyes are of two kinds, and arise from two causes, either from coming out of the light or from going into the light, which is true of the mind's eye, quite as much as of the bodily eye; and he who remembers this when he sees any one whose vision is perplexed and weak, will not be too ready to laugh; he will first ask whether that soul of man has come out of the brighter life, and is unable to see because unaccustomed to the dark, or having turned from darkness to the day is dazzled by excess of light. And he will count the one happy in his condition and state of being, and he will pity the other; or, if he have a mind to laugh at the soul which comes from below into the light, there will be more reason in this than in the laugh which greets him who returns from above out of the light into the den.
That, he said, is a very just distinction.
But then, if I am right, certain professors of education must be wrong when they say that they can put a knowledge into the soul which was not there before, like sight into blind eyes.
They undoubtedly say this, he replied.
Whereas, our argument shows that the power and capacity of learning exists in the soul already; and that just as the eye was unable to turn from darkness to light without the whole body, so too the instrument of knowledge can only by the movement of the whole soul be turned from the world of becoming into that of being, and learn by degrees to endure the sight of being, and of the brightest and best of being, or in other words, of the good.
Very true.
And must there not be some art which will effect conversion in the easiest and quickest manner; not implanting the faculty of sight, for that exists already, but has been turned in the wrong direction, and is looking away from the truth?
Yes, he said, such an art may be presumed.
And whereas the other so-called virtues of the soul seem to be akin to bodily qualities, for even when they are not originally innate they can be implanted later by habit and exercise, the virtue of wisdom more than anything else contains a divine element which always remains, and by this conversion is rendered useful and profitable; or, on the other hand, hurtful and useless. Did you never observe the narrow intelligence flashing from the keen eye of a clever rogue--how eager he is, how clearly his paltry soul sees the way to his end; he is the reverse of blind, but his keen eye-sight is forced into the service of evil, and he is mischievous in proportion to his cleverness?
Very true, he said.
But what if there had been a circumcision of such natures in the days of their youth; and they had been severed from those sensual pleasures, such as eating and drinking, which, like leaden weights, were attached to them at their birth, and which drag them down and turn the vision of their souls upon the things that are below--if, I say, they had been released from these impediments and turned in the opposite direction, the very same faculty in them would have seen the truth as keenly as they see what their eyes are turned to now.
Very likely.
Yes, I said; and there is another thing which is likely, or rather a necessary inference from what has preceded, that neither the uneducated and uninformed of the truth, nor yet those who never make an end of their education, will be able ministers of State; not the former, because they have no single aim of duty which is the rule of all their actions, private as well as public; nor the latter, because they will not act at all except upon compulsion, fancying that they are already dwelling apart in the islands of the blest.
Very true, he replied.
Then, I said, the business of us who are the founders of the State will be to compel the best minds to attain that knowledge which we have already shown to be the greatest of all--they must continue to ascend until they arrive at the good; but when they have ascended and seen enough we must not allow them to do as they do now.
What do you mean?
I mean that they remain in the upper world: but this must not be allowed; they must be made to descend again among the prisoners in the den, and partake of their labours and honours, whether they are worth having or not.
But is not this unjust? he said; ought we to give them a worse life, when they might have a better?
You have again forgotten, my friend, I said, the intention of the legislator, who did not aim at making any one class in the State happy above the rest; the happiness was to be in the whole State, and he held the citizens together by persuasion and necessity, making them benefactors of the State, and therefore benefactors of one another; to this end he created them, not to please themselves, but to be his instruments in binding up the State.
True, he said, I had forgotten.
Observe, Glaucon, that there will be no injustice in compelling our philosophers to have a care and providence of others; we shall explain to them that in other States, men of their class are not obliged to share in the toils of politics: and this is reasonable, for they grow up at their own sweet will, and the government would rather not have them. Being self-taught, they cannot be expected to show any gratitude for a culture which they have never received. But we have brought you into the world to be rulers of the hive, kings of yourselves and of the other citizens, and have educated you far better and more perfectly than they have been educated, and you are better able to share in the double duty. Wherefore each of you, when his turn comes, must go down to the general underground abode, and get the habit of seeing in the dark. When you have acquired the habit, you will see ten thousand times better than the inhabitants of the den, and you will know what the several images are, and what they represent, because you have seen the beautiful and just and good in their truth. And thus our State, which is also yours, will be a reality, and not a dream only, and will be administered in a spirit unlike that of other States, in which men fight with one another about shadows only and are distracted in the struggle for power, which in their eyes is a great good. Whereas the truth is that the State in which the rulers are most reluctant to govern is always the best and most quietly governed, and the State in which they are most eager, the worst.
Quite true, he replied.
And will our pupils, when they hear this, refuse to take their turn at the toils of State, when they are allowed to spend the greater part of their time with one another in the heavenly light?
Impossible, he answered; for they are just men, and the commands which we impose upon them are just; there can be no doubt that every one of them will take office as a stern necessity, and not after the fashion of our present rulers of State.
Yes, my friend, I said; and there lies the point. You must contrive for your future rulers another and a better life than that of a ruler, and then you may have a well-ordered State; for only in the State which offers this, will they rule who are truly rich, not in silver and gold, but in virtue and wisdom, which are the true blessings of life. Whereas if they go to the administration of public affairs, poor and hungering after their own private advantage, thinking that hence they are to snatch the chief good, order there can never be; for they will be fighting about office, and the civil and domestic broils which thus arise will be the ruin of the rulers themselves and of the whole State.
Most true, he replied.
And the only life which looks down upon the life of political ambition is that of true philosophy. Do you know of any other?
Indeed, I do not, he said.
And those who govern ought not to be lovers of the task? For, if they are, there will be rival lovers, and they will fight.
No question.
Who then are those whom we shall compel to be guardians? Surely they will be the men who are wisest about affairs of State, and by whom the State is best administered, and who at the same time have other honours and another and a better life than that of politics?
They are the men, and I will choose them, he replied.
And now shall we consider in what way such guardians will be produced, and how they are to be brought from darkness to light,--as some are said to have ascended from the world below to the gods?
By all means, he replied.
The process, I said, is not the turning over of an oyster-shell (In allusion to a game in which two parties fled or pursued according as an oyster-shell which was thrown into the air fell with the dark or light side uppermost.), but the turning round of a soul passing from a day which is little better than night to the true day of being, that is, the ascent from below, which we affirm to be true philosophy?
Quite so.
And should we not enquire what sort of knowledge has the power of effecting such a change?
Certainly.
What sort of knowledge is there which would draw the soul from becoming to being? And another consideration has just occurred to me: You will remember that our young men are to be warrior athletes?
Yes, that was said.
Then this new kind of knowledge must have an additional quality?
What quality?
Usefulness in war.
Yes, if possible.
There were two parts in our former scheme of education, were there not?
Just so.
There was gymnastic which presided over the growth and decay of the body, and may therefore be regarded as having to do with generation and corruption?
True.
Then that is not the knowledge which we are seeking to discover?
No.
But what do you say of music, which also entered to a certain extent into our former scheme?
Music, he said, as you will remember, was the counterpart of gymnastic, and trained the guardians by the influences of habit, by harmony making them harmonious, by rhythm rhythmical, but not giving them science; and the words, whether fabulous or possibly true, had kindred elements of rhythm and harmony in them. But in music there was nothing which tended to that good which you are now seeking.
You are most accurate, I said, in your recollection; in music there certainly was nothing of the kind. But what branch of knowledge is there, my dear Glaucon, which is of the desired nature; since all the useful arts were reckoned mean by us?
Undoubtedly; and yet if music and gymnastic are excluded, and the arts are also excluded, what remains?
Well, I said, there may be nothing left of our special subjects; and then we shall have to take something which is not special, but of universal application.
What may that be?
A something which all arts and sciences and intelligences use in common, and which every one first has to learn among the elements of education.
What is that?
The little matter of distinguishing one, two, and three--in a word, number and calculation:--do not all arts and sciences necessarily partake of them?
Yes.
Then the art of war partakes of them?
To be sure.
Then Palamedes, whenever he appears in tragedy, proves Agamemnon ridiculously unfit to be a general. Did you never remark how he declares that he had invented number, and had numbered the ships and set in array the ranks of the army at Troy; which implies that they had never been numbered before, and Agamemnon must be supposed literally to have been incapable of counting his own feet--how could he if he was ignorant of number? And if that is true, what sort of general must he have been?
I should say a very strange one, if this was as you say.
Can we deny that a warrior should have a knowledge of arithmetic?
Certainly he should, if he is to have the smallest understanding of military tactics, or indeed, I should rather say, if he is to be a man at all.
I should like to know whether you have the same notion which I have of this study?
What is your notion?
It appears to me to be a study of the kind which we are seeking, and which leads naturally to reflection, but never to have been rightly used; for the true use of it is simply to draw the soul towards being.
Will you explain your meaning? he said.
I will try, I said; and I wish you would share the enquiry with me, and say 'yes' or 'no' when I attempt to distinguish in my own mind what branches of knowledge have this attracting power, in order that we may have clearer proof that arithmetic is, as I suspect, one of them.
Explain, he said.
I mean to say that objects of sense are of two kinds; some of them do not invite thought because the sense is an adequate judge of them; while in the case of other objects sense is so untrustworthy that further enquiry is imperatively demanded.
You are clearly referring, he said, to the manner in which the senses are imposed upon by distance, and by painting in light and shade.
No, I said, that is not at all my meaning.
Then what is your meaning?
When speaking of uninviting objects, I mean those which do not pass from one sensation to the opposite; inviting objects are those which do; in this latter case the sense coming upon the object, whether at a distance or near, gives no more vivid idea of anything in particular than of its opposite. An illustration will make my meaning clearer:--here are three fingers--a little finger, a second finger, and a middle finger.
Very good.
You may suppose that they are seen quite close: And here comes the point.
What is it?
Each of them equally appears a finger, whether seen in the middle or at the extremity, whether white or black, or thick or thin--it makes no difference; a finger is a finger all the same. In these cases a man is not compelled to ask of thought the question what is a finger? for the sight never intimates to the mind that a finger is other than a finger.
True.
And therefore, I said, as we might expect, there is nothing here which invites or excites intelligence.
There is not, he said.
But is this equally true of the greatness and smallness of the fingers? Can sight adequately perceive them? and is no difference made by the circumstance that one of the fingers is in the middle and another at the extremity? And in like manner does the touch adequately perceive the qualities of thickness or thinness, of softness or hardness? And so of the other senses; do they give perfect intimations of such matters? Is not their mode of operation on this wise--the sense which is concerned with the quality of hardness is necessarily concerned also with the quality of softness, and only intimates to the soul that the same thing is felt to be both hard and soft?
You are quite right, he said.
And must not the soul be perplexed at this intimation which the sense gives of a hard which is also soft? What, again, is the meaning of light and heavy, if that which is light is also heavy, and that which is heavy, light?
Yes, he said, these intimations which the soul receives are very curious and require to be explained.
Yes, I said, and in these perplexities the soul naturally summons to her aid calculation and intelligence, that she may see whether the several objects announced to her are one or two.
True.
And if they turn out to be two, is not each of them one and different?
Certainly.
And if each is one, and both are two, she will conceive the two as in a state of division, for if there were undivided they could only be conceived of as one?
True.
The eye certainly did see both small and great, but only in a confused manner; they were not distinguished.
Yes.
Whereas the thinking mind, intending to light up the chaos, was compelled to reverse the process, and look at small and great as separate and not confused.
Very true.
Was not this the beginning of the enquiry 'What is great?' and 'What is small?'
Exactly so.
And thus arose the distinction of the visible and the intelligible.
Most true.
This was what I meant when I spoke of impressions which invited the intellect, or the reverse--those which are simultaneous with opposite impressions, invite thought; those which are not simultaneous do not.
I understand, he said, and agree with you.
And to which class do unity and number belong?
I do not know, he replied.
Think a little and you will see that what has preceded will supply the answer; for if simple unity could be adequately perceived by the sight or by any other sense, then, as we were saying in the case of the finger, there would be nothing to attract towards being; but when there is some contradiction always present, and one is the reverse of one and involves the conception of plurality, then thought begins to be aroused within us, and the soul perplexed and wanting to arrive at a decision asks 'What is absolute unity?' This is the way in which the study of the one has a power of drawing and converting the mind to the contemplation of true being.
And surely, he said, this occurs notably in the case of one; for we see the same thing to be both one and infinite in multitude?
Yes, I said; and this being true of one must be equally true of all number?
Certainly.
And all arithmetic and calculation have to do with number?
Yes.
And they appear to lead the mind towards truth?
Yes, in a very remarkable manner.
Then this is knowledge of the kind for which we are seeking, having a double use, military and philosophical; for the man of war must learn the art of number or he will not know how to array his troops, and the philosopher also, because he has to rise out of the sea of change and lay hold of true being, and therefore he must be an arithmetician.
That is true.
And our guardian is both warrior and philosopher?
Certainly.
Then this is a kind of knowledge which legislation may fitly prescribe; and we must endeavour to persuade those who are to be the principal men of our State to go and learn arithmetic, not as amateurs, but they must carry on the study until they see the nature of numbers with the mind only; nor again, like merchants or retail-traders, with a view to buying or selling, but for the sake of their military use, and of the soul herself; and because this will be the easiest way for her to pass from becoming to truth and being.
That is excellent, he said.
Yes, I said, and now having spoken of it, I must add how charming the science is! and in how many ways it conduces to our desired end, if pursued in the spirit of a philosopher, and not of a shopkeeper!
How do you mean?
I mean, as I was saying, that arithmetic has a very great and elevating effect, compelling the soul to reason about abstract number, and rebelling against the introduction of visible or tangible objects into the argument. You know how steadily the masters of the art repel and ridicule any one who attempts to divide absolute unity when he is calculating, and if you divide, they multiply (Meaning either (1) that they integrate the number because they deny the possibility of fractions; or (2) that division is regarded by them as a process of multiplication, for the fractions of one continue to be units.), taking care that one shall continue one and not become lost in fractions.
That is very true.
Now, suppose a person were to say to them: O my friends, what are these wonderful numbers about which you are reasoning, in which, as you say, there is a unity such as you demand, and each unit is equal, invariable, indivisible,--what would they answer?
They would answer, as I should conceive, that they were speaking of those numbers which can only be realized in thought.
Then you see that this knowledge may be truly called necessary, necessitating as it clearly does the use of the pure intelligence in the attainment of pure truth?
Yes; that is a marked characteristic of it.
And have you further observed, that those who have a natural talent for calculation are generally quick at every other kind of knowledge; and even the dull, if they have had an arithmetical training, although they may derive no other advantage from it, always become much quicker than they would otherwise have been.
Very true, he said.
And indeed, you will not easily find a more difficult study, and not many as difficult.
You will not.
And, for all these reasons, arithmetic is a kind of knowledge in which the best natures should be trained, and which must not be given up.
I agree.
Let this then be made one of our subjects of education. And next, shall we enquire whether the kindred science also concerns us?
You mean geometry?
Exactly so.
Clearly, he said, we are concerned with that part of geometry which relates to war; for in pitching a camp, or taking up a position, or closing or extending the lines of an army, or any other military manoeuvre, whether in actual battle or on a march, it will make all the difference whether a general is or is not a geometrician.
Yes, I said, but for that purpose a very little of either geometry or calculation will be enough; the question relates rather to the greater and more advanced part of geometry--whether that tends in any degree to make more easy the vision of the idea of good; and thither, as I was saying, all things tend which compel the soul to turn her gaze towards that place, where is the full perfection of being, which she ought, by all means, to behold.
True, he said.
Then if geometry compels us to view being, it concerns us; if becoming only, it does not concern us?
Yes, that is what we assert.
Yet anybody who has the least acquaintance with geometry will not deny that such a conception of the science is in flat contradiction to the ordinary language of geometricians.
How so?
They have in view practice only, and are always speaking, in a narrow and ridiculous manner, of squaring and extending and applying and the like--they confuse the necessities of geometry with those of daily life; whereas knowledge is the real object of the whole science.
Certainly, he said.
Then must not a further admission be made?
What admission?
That the knowledge at which geometry aims is knowledge of the eternal, and not of aught perishing and transient.
That, he replied, may be readily allowed, and is true.
Then, my noble friend, geometry will draw the soul towards truth, and create the spirit of philosophy, and raise up that which is now unhappily allowed to fall down.
Nothing will be more likely to have such an effect.
Then nothing should be more sternly laid down than that the inhabitants of your fair city should by all means learn geometry. Moreover the science has indirect effects, which are not small.
Of what kind? he said.
There are the military advantages of which you spoke, I said; and in all departments of knowledge, as experience proves, any one who has studied geometry is infinitely quicker of apprehension than one who has not.
Yes indeed, he said, there is an infinite difference between them.
Then shall we propose this as a second branch of knowledge which our youth will study?
Let us do so, he replied.
And suppose we make astronomy the third--what do you say?
I am strongly inclined to it, he said; the observation of the seasons and of months and years is as essential to the general as it is to the farmer or sailor.
I am amused, I said, at your fear of the world, which makes you guard against the appearance of insisting upon useless studies; and I quite admit the difficulty of believing that in every man there is an eye of the soul which, when by other pursuits lost and dimmed, is by these purified and re-illumined; and is more precious far than ten thousand bodily eyes, for by it alone is truth seen. Now there are two classes of persons: one class of those who will agree with you and will take your words as a revelation; another class to whom they will be utterly unmeaning, and who will naturally deem them to be idle tales, for they see no sort of profit which is to be obtained from them. And therefore you had better decide at once with which of the two you are proposing to argue. You will very likely say with neither, and that your chief aim in carrying on the argument is your own improvement; at the same time you do not grudge to others any benefit which they may receive.
I think that I should prefer to carry on the argument mainly on my own behalf.
Then take a step backward, for we have gone wrong in the order of the sciences.
What was the mistake? he said.
After plane geometry, I said, we proceeded at once to solids in revolution, instead of taking solids in themselves; whereas after the second dimension the third, which is concerned with cubes and dimensions of depth, ought to have followed.
That is true, Socrates; but so little seems to be known as yet about these subjects.
Why, yes, I said, and for two reasons:--in the first place, no government patronises them; this leads to a want of energy in the pursuit of them, and they are difficult; in the second place, students cannot learn them unless they have a director. But then a director can hardly be found, and even if he could, as matters now stand, the students, who are very conceited, would not attend to him. That, however, would be otherwise if the whole State became the director of these studies and gave honour to them; then disciples would want to come, and there would be continuous and earnest search, and discoveries would be made; since even now, disregarded as they are by the world, and maimed of their fair proportions, and although none of their votaries can tell the use of them, still these studies force their way by their natural charm, and very likely, if they had the help of the State, they would some day emerge into light.
Yes, he said, there is a remarkable charm in them. But I do not clearly understand the change in the order. First you began with a geometry of plane surfaces?
Yes, I said.
And you placed astronomy next, and then you made a step backward?
Yes, and I have delayed you by my hurry; the ludicrous state of solid geometry, which, in natural order, should have followed, made me pass over this branch and go on to astronomy, or motion of solids.
True, he said.
Then assuming that the science now omitted would come into existence if encouraged by the State, let us go on to astronomy, which will be fourth.
The right order, he replied. And now, Socrates, as you rebuked the vulgar manner in which I praised astronomy before, my praise shall be given in your own spirit. For every one, as I think, must see that astronomy compels the soul to look upwards and leads us from this world to another.
Every one but myself, I said; to every one else this may be clear, but not to me.
And what then would you say?
I should rather say that those who elevate astronomy into philosophy appear to me to make us look downwards and not upwards.
What do you mean? he asked.
You, I replied, have in your mind a truly sublime conception of our knowledge of the things above. And I dare say that if a person were to throw his head back and study the fretted ceiling, you would still think that his mind was the percipient, and not his eyes. And you are very likely right, and I may be a simpleton: but, in my opinion, that knowledge only which is of being and of the unseen can make the soul look upwards, and whether a man gapes at the heavens or blinks on the ground, seeking to learn some particular of sense, I would deny that he can learn, for nothing of that sort is matter of science; his soul is looking downwards, not upwards, whether his way to knowledge is by water or by land, whether he floats, or only lies on his back.
I acknowledge, he said, the justice of your rebuke. Still, I should like to ascertain how astronomy can be learned in any manner more conducive to that knowledge of which we are speaking?
I will tell you, I said: The starry heaven which we behold is wrought upon a visible ground, and therefore, although the fairest and most perfect of visible things, must necessarily be deemed inferior far to the true motions of absolute swiftness and absolute slowness, which are relative to each other, and carry with them that which is contained in them, in the true number and in every true figure. Now, these are to be apprehended by reason and intelligence, but not by sight.
True, he replied.
The spangled heavens should be used as a pattern and with a view to that higher knowledge; their beauty is like the beauty of figures or pictures excellently wrought by the hand of Daedalus, or some other great artist, which we may chance to behold; any geometrician who saw them would appreciate the exquisiteness of their workmanship, but he would never dream of thinking that in them he could find the true equal or the true double, or the truth of any other proportion.
No, he replied, such an idea would be ridiculous.
And will not a true astronomer have the same feeling when he looks at the movements of the stars? Will he not think that heaven and the things in heaven are framed by the Creator of them in the most perfect manner? But he will never imagine that the proportions of night and day, or of both to the month, or of the month to the year, or of the stars to these and to one another, and any other things that are material and visible can also be eternal and subject to no deviation--that would be absurd; and it is equally absurd to take so much pains in investigating their exact truth.
I quite agree, though I never thought of this before.
Then, I said, in astronomy, as in geometry, we should employ problems, and let the heavens alone if we would approach the subject in the right way and so make the natural gift of reason to be of any real use.
That, he said, is a work infinitely beyond our present astronomers.
Yes, I said; and there are many other things which must also have a similar extension given to them, if our legislation is to be of any value. But can you tell me of any other suitable study?
No, he said, not without thinking.
Motion, I said, has many forms, and not one only; two of them are obvious enough even to wits no better than ours; and there are others, as I imagine, which may be left to wiser persons.
But where are the two?
There is a second, I said, which is the counterpart of the one already named.
And what may that be?
The second, I said, would seem relatively to the ears to be what the first is to the eyes; for I conceive that as the eyes are designed to look up at the stars, so are the ears to hear harmonious motions; and these are sister sciences--as the Pythagoreans say, and we, Glaucon, agree with them?
Yes, he replied.
But this, I said, is a laborious study, and therefore we had better go and learn of them; and they will tell us whether there are any other applications of these sciences. At the same time, we must not lose sight of our own higher object.
What is that?
There is a perfection which all knowledge ought to reach, and which our pupils ought also to attain, and not to fall short of, as I was saying that they did in astronomy. For in the science of harmony, as you probably know, the same thing happens. The teachers of harmony compare the sounds and consonances which are heard only, and their labour, like that of the astronomers, is in vain.
Yes, by heaven! he said; and 'tis as good as a play to hear them talking about their condensed notes, as they call them; they put their ears close alongside of the strings like persons catching a sound from their neighbour's wall--one set of them declaring that they distinguish an intermediate note and have found the least interval which should be the unit of measurement; the others insisting that the two sounds have passed into the same--either party setting their ears before their understanding.
You mean, I said, those gentlemen who tease and torture the strings and rack them on the pegs of the instrument: I might carry on the metaphor and speak after their manner of the blows which the plectrum gives, and make accusations against the strings, both of backwardness and forwardness to sound; but this would be tedious, and therefore I will only say that these are not the men, and that I am referring to the Pythagoreans, of whom I was just now proposing to enquire about harmony. For they too are in error, like the astronomers; they investigate the numbers of the harmonies which are heard, but they never attain to problems--that is to say, they never reach the natural harmonies of number, or reflect why some numbers are harmonious and others not.
That, he said, is a thing of more than mortal knowledge.
A thing, I replied, which I would rather call useful; that is, if sought after with a view to the beautiful and good; but if pursued in any other spirit, useless.`;
